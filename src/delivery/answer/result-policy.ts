import type { Hit } from '../../hit/hit.js';
import type { Batch } from '../queue/batch.js';
import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
} from '../queue/counters.js';
import type { BulkResult } from './read-answer.js';

/** How long nothing is sent. */
type Wait =
  | 'back_off'
  /** Only an operator can fix the cause. */
  | 'hold'
  /** Matomo locks an address out that it rejects often. */
  | 'token';

type CountName = 'accepted' | 'invalid' | LossReason;

/** What a result means for the hits of a bulk. */
export type ResultPolicy =
  /** They are counted. `reported`: as the response says. */
  | {
      readonly hits: 'counted';
      readonly as: 'reported' | CountName;
      readonly wait?: Wait;
      /** No more crashes are sent. */
      readonly refusesCrashes?: true;
    }
  /** They are sent again, and until then nothing else is. */
  | { readonly hits: 'kept'; readonly wait: Wait; readonly mayBeStored?: true }
  /** One of them or the server may be the cause: see `BatchQueue`. `mayBeStored`: they count as resent if they are sent again. */
  | { readonly hits: 'failed'; readonly mayBeStored?: true }
  /** They are sent again as two bulks. A hit that was sent alone counts as `alone`. */
  | { readonly hits: 'halved'; readonly alone: CountName };

/** Rejections in a row after which orders are no longer the cause. */
const MAX_ORDER_REJECTIONS = 2;

/** The policy for a result. `rejections`: bulks in a row of which no hit was valid, with this one. */
export function policyOf(
  result: BulkResult,
  { kind, hits }: Batch,
  rejections: number,
  resendUnconfirmed: boolean,
): ResultPolicy {
  switch (result.kind) {
    case 'processed':
      return { hits: 'counted', as: 'reported' };
    case 'accepted':
      return { hits: 'counted', as: 'accepted', ...(result.isDoubtful && { wait: 'back_off' }) };
    case 'unconfirmed':
      return resendUnconfirmed
        ? { hits: 'kept', wait: 'back_off', mayBeStored: true }
        : { hits: 'counted', as: 'unconfirmed', wait: 'back_off' };
    case 'unavailable':
      return { hits: 'kept', wait: 'back_off' };
    case 'too_large':
      return { hits: 'halved', alone: 'too_large' };
    case 'rolled_back':
      // A Matomo without CrashAnalytics rolls back each bulk of crashes.
      if (kind === 'crash') return { hits: 'counted', as: 'rejected', refusesCrashes: true };
      return { hits: 'failed' };
    case 'failed':
      return result.mayBeStored ? { hits: 'failed', mayBeStored: true } : { hits: 'failed' };
    case 'nothing_kept':
      return { hits: 'failed', mayBeStored: true };
    case 'refused':
    case 'all_invalid':
      if (result.kind === 'refused' && !result.isTokenRefused)
        return { hits: 'kept', wait: 'hold' };
      // Matomo already has orders, whatever the token is.
      if (rejections <= MAX_ORDER_REJECTIONS && hits.every(isOrder))
        return { hits: 'halved', alone: 'invalid' };
      // A token that has worked may be valid: once, others are tried.
      if (result.kind === 'all_invalid' && rejections === 1) return { hits: 'failed' };
      return { hits: 'kept', wait: 'token' };
  }
}

/** Whether a hit is an order. Matomo accepts each order once and reports it as invalid when it is sent again. */
export function isOrder({ query }: Hit): boolean {
  return /[?&]ec_id=./.test(query);
}

/** Counters for `hits` hits that have one result. */
export function countAs(
  name: 'reported' | CountName,
  hits: number,
  result?: BulkResult,
): DeliveryCounters {
  if (name === 'reported') {
    const {
      tracked = 0,
      invalid = 0,
      unconfirmed = 0,
    } = result?.kind === 'processed' ? result : {};
    return { ...lostHits('unconfirmed', unconfirmed), tracked, invalid };
  }
  if (name === 'accepted' || name === 'invalid')
    return { ...createDeliveryCounters(), [name]: hits };
  return lostHits(name, hits);
}
