import type { InspectedHit, StoredAction } from '../inspected-hit.js';
import { withoutNull } from './cell.js';

/** The result of the tracker's rules for one hit. */
export interface HitOutcome extends Omit<InspectedHit, 'received' | 'params' | 'status'> {
  /** Whether the visit is stored, although the hit is invalid. */
  readonly keepsVisit?: boolean;
  /** Whether PHP itself fails, so that Matomo answers 500 with an empty body. */
  readonly fatal?: boolean;
}

export function dropped(reason: string): HitOutcome {
  return { verdict: 'dropped', reason, stored: null };
}

export function invalid(reason: string): HitOutcome {
  return { verdict: 'invalid', reason, stored: null };
}

export function refused(reason: string): HitOutcome {
  return { verdict: 'refused', reason, stored: null };
}

/** A processed hit; `reason` says why nothing is stored. */
export function tracked(stored: StoredAction | null, reason?: string): HitOutcome {
  return withoutNull<HitOutcome>({ verdict: 'tracked', stored, reason });
}
