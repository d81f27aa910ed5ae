import { checkClaimsOf } from './support/check-claims.js';

await checkClaimsOf('kfree-rcu-barrier');
