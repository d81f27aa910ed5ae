import { checkClaimsOf } from './support/check-claims.js';

await checkClaimsOf('slot-release');
