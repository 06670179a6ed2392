import type { AiRequest, Conversion, StoredAction, Verdict } from '../inspected-hit.js';

/** What the tracker's rules make of one hit. */
export interface HitOutcome {
  readonly verdict: Verdict;
  readonly reason?: string;
  readonly stored: StoredAction | null;
  readonly aiRequest?: AiRequest;
  readonly conversion?: Conversion;
  /** The error is one of PHP itself: Matomo answers 500 with an empty body. */
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

/** Processed; `reason` says why nothing is stored. */
export function tracked(stored: StoredAction | null, reason?: string): HitOutcome {
  return { verdict: 'tracked', stored, ...(reason === undefined ? {} : { reason }) };
}
