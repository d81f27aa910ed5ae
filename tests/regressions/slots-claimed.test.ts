import { checkClaimsOf } from '../interleavings/support/check-claims.js';

await checkClaimsOf('slots-claimed', 'regressions');
