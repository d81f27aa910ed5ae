/** How hard an allocation's charge to its memory group is tried, by what the allocation may do. */
import { CHARGE, type ChargeWay } from '../groups/group-charges.js';
import { __GFP_HIGH, allowBlocking, allowSpinning, type Gfp } from './gfp.js';

/**
 * Who may not spin is charged exactly; who may not wait and has a right to the reserves, past the limit if need be;
 * who may wait reclaims first, so its charge can be refused.
 *
 * @param gfp less what the context forbids
 */
export function chargeWay(gfp: Gfp): ChargeWay {
  if (!allowSpinning(gfp)) return CHARGE.exact;
  return (gfp & __GFP_HIGH) !== 0 && !allowBlocking(gfp) ? CHARGE.past : CHARGE.ahead;
}
