import type { Hit } from '../hit/hit.js';
import type { Results } from './delivery-counts.js';
import type { Exchange } from './http/transport.js';
import type { Claim, PendingHits } from './store.js';

/** A claim whose hits are being sent. */
export interface OpenClaim {
  readonly claim: Claim;
  /** What is not sent yet: the first one is next, or in flight. */
  readonly bulks: Hit[][];
  isInFlight: boolean;
  /** The results so far, and hits that get none. */
  readonly results: Results;
  readonly back: PendingHits[];
}

/** Yields the bodies of requests, and gets what comes back for each. */
export type Requests<T = void> = Generator<Buffer, T, Exchange>;

/** Nothing more of a claim is sent. */
export function giveRestBack({ claim, bulks, back }: OpenClaim): void {
  back.push({ hits: bulks.splice(0).flat(), failures: claim.failures });
}
