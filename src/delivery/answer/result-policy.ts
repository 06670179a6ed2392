import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
} from '../queue/counters.js';

/** How long nothing is sent. */
type Wait =
  | 'back_off'
  /** Only an operator can fix the cause. */
  | 'hold'
  /** Matomo locks an address out that it rejects often. */
  | 'token';

type CountName = 'accepted' | 'invalid' | LossReason;

/** What becomes of the hits of a bulk: `read-answer.ts` says after which answer. */
export type ResultPolicy =
  /** They have a result. */
  | {
      readonly hits: 'counted';
      readonly counts: DeliveryCounters;
      readonly wait?: Wait;
      /** No more crashes are sent. */
      readonly refusesCrashes?: true;
    }
  /** They are sent again, and until then nothing else is. */
  | { readonly hits: 'kept'; readonly wait: Wait; readonly mayBeStored?: true }
  /** One of them or the server may be the cause: see `BatchQueue`. `mayBeStored`: they count as resent if they are sent again. */
  | { readonly hits: 'failed'; readonly mayBeStored?: true | undefined }
  /** They are sent again as two bulks. A hit that was sent alone counts as `alone`. */
  | { readonly hits: 'halved'; readonly alone: CountName };

/** Counters for `hits` hits that have one result. */
export function countAs(name: CountName, hits: number): DeliveryCounters {
  if (name === 'accepted' || name === 'invalid')
    return { ...createDeliveryCounters(), [name]: hits };
  return lostHits(name, hits);
}
