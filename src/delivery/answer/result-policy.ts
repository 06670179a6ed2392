import type { Batch } from '../queue/batch.js';
import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
} from '../queue/counters.js';
import { isOrder } from '../queue/encode-hits.js';
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

/** Results, and what else decides about their hits. */
export type PolicyName =
  | Exclude<BulkResult['kind'], 'rolled_back' | 'nothing_kept'>
  | 'doubtful'
  | 'unconfirmed_resent'
  | 'failed_unclear'
  | 'crashes_rolled_back'
  | 'orders_invalid'
  | 'token_rejected';

export const POLICIES: Readonly<Record<PolicyName, ResultPolicy>> = {
  processed: { hits: 'counted', as: 'reported' },
  accepted: { hits: 'counted', as: 'accepted' },
  /** Accepted, perhaps not even that. */
  doubtful: { hits: 'counted', as: 'accepted', wait: 'back_off' },
  unconfirmed: { hits: 'counted', as: 'unconfirmed', wait: 'back_off' },
  /** With `resendUnconfirmed`. */
  unconfirmed_resent: { hits: 'kept', wait: 'back_off', mayBeStored: true },
  unavailable: { hits: 'kept', wait: 'back_off' },
  refused: { hits: 'kept', wait: 'hold' },
  token_rejected: { hits: 'kept', wait: 'token' },
  failed: { hits: 'failed' },
  /** 502, above 504, HTML, or no hit was counted: some may be stored, which is unlikely. */
  failed_unclear: { hits: 'failed', mayBeStored: true },
  /** The token has worked, so the hits may be invalid. */
  all_invalid: { hits: 'failed' },
  /** A Matomo without CrashAnalytics rolls back each bulk of crashes. */
  crashes_rolled_back: { hits: 'counted', as: 'rejected', refusesCrashes: true },
  /** Matomo already has them, whatever the token is. */
  orders_invalid: { hits: 'halved', alone: 'invalid' },
  too_large: { hits: 'halved', alone: 'too_large' },
};

/** Rejections in a row after which orders are no longer the cause. */
const MAX_ORDER_REJECTIONS = 2;

/** The policy for a result. `rejections`: bulks in a row of which no hit was valid, with this one. */
export function policyNameOf(
  result: BulkResult,
  { kind, hits }: Batch,
  rejections: number,
  resendUnconfirmed: boolean,
): PolicyName {
  switch (result.kind) {
    case 'accepted':
      return result.isDoubtful ? 'doubtful' : 'accepted';
    case 'unconfirmed':
      return resendUnconfirmed ? 'unconfirmed_resent' : 'unconfirmed';
    case 'rolled_back':
      return kind === 'crash' ? 'crashes_rolled_back' : 'failed';
    case 'failed':
      return result.mayBeStored ? 'failed_unclear' : 'failed';
    case 'nothing_kept':
      return 'failed_unclear';
    case 'refused':
    case 'all_invalid':
      if (result.kind === 'refused' && !result.isTokenRefused) return 'refused';
      if (rejections <= MAX_ORDER_REJECTIONS && hits.every(isOrder)) return 'orders_invalid';
      // A token that has worked may be valid: once, others are tried.
      return result.kind === 'all_invalid' && rejections === 1 ? 'all_invalid' : 'token_rejected';
    case 'processed':
    case 'unavailable':
    case 'too_large':
      return result.kind;
  }
}

/** Counters for `hits` hits that have one result. */
export function countAs(
  name: 'reported' | CountName,
  hits: number,
  result: BulkResult,
): DeliveryCounters {
  if (name === 'reported') {
    const { tracked = 0, invalid = 0, unconfirmed = 0 } = result.kind === 'processed' ? result : {};
    return { ...lostHits('unconfirmed', unconfirmed), tracked, invalid };
  }
  if (name === 'accepted' || name === 'invalid')
    return { ...createDeliveryCounters(), [name]: hits };
  return lostHits(name, hits);
}
