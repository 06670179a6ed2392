import { type Batch, halve, restOf, sentHits } from '../queue/batch.js';
import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
} from '../queue/counters.js';
import { isOrder } from '../queue/encode-hits.js';
import type { BulkResult } from './read-answer.js';

/** Minimum wait after a failed attempt, whatever the back-off or `Retry-After` is. */
const SHORTEST_WAIT_MILLIS = 100;

/** When the next attempt is. At exit, there is none. */
type Later =
  | 'back_off'
  /** After a longer back-off: only an operator can fix the cause. */
  | 'hold'
  /** After the longest one: Matomo locks an address out that it rejects often. */
  | 'token';

type CountName = 'accepted' | 'invalid' | LossReason;

/** What a result means for the hits that were sent: they are counted, or sent again. */
export type ResultPolicy =
  | {
      /** `reported`: as the response says. */
      readonly count: 'reported' | CountName;
      readonly next: 'now' | Later;
      /** No more crashes are sent. */
      readonly refusesCrashes?: true;
    }
  | {
      /**
       * `with_newer`: together with newer hits, which may be valid. `search`: in parts, to find a hit that makes Matomo roll back
       * the whole bulk.
       */
      readonly resend: 'whole' | 'with_newer' | 'search';
      readonly next: Later;
      /** Matomo may have stored the hits: they count as resent. */
      readonly mayBeStored?: true;
    }
  /** As two bulks. A hit that was sent alone counts as `alone`. */
  | { readonly resend: 'halves'; readonly alone: CountName; readonly next: 'now' };

/** Results, and what else decides about their hits. */
export type PolicyName =
  | BulkResult['kind']
  | 'doubtful'
  | 'unconfirmed_resent'
  | 'unavailable_unclear'
  | 'crashes_rolled_back'
  | 'known_invalid'
  | 'known_invalid_again'
  | 'token_rejected';

const POLICIES: Readonly<Record<PolicyName, ResultPolicy>> = {
  processed: { count: 'reported', next: 'now' },
  accepted: { count: 'accepted', next: 'now' },
  /** Accepted, perhaps not even that. */
  doubtful: { count: 'accepted', next: 'back_off' },
  unconfirmed: { count: 'unconfirmed', next: 'back_off' },
  /** With `resendUnconfirmed`. */
  unconfirmed_resent: { resend: 'whole', next: 'back_off', mayBeStored: true },
  unavailable: { resend: 'whole', next: 'back_off' },
  /** 502, above 504, or HTML: it is far more likely that PHP was stopped than that it stored the bulk. */
  unavailable_unclear: { resend: 'whole', next: 'back_off', mayBeStored: true },
  rolled_back: { resend: 'search', next: 'back_off' },
  /** A Matomo without CrashAnalytics rolls back each bulk of crashes. */
  crashes_rolled_back: { count: 'rejected', refusesCrashes: true, next: 'now' },
  nothing_kept: { resend: 'search', next: 'hold', mayBeStored: true },
  /** Single hits may be invalid. */
  all_invalid: { resend: 'halves', alone: 'invalid', next: 'now' },
  /** The token works, so the hits are invalid. */
  known_invalid: { count: 'invalid', next: 'now' },
  /** The same after many rejections in a row. */
  known_invalid_again: { count: 'invalid', next: 'token' },
  token_rejected: { resend: 'with_newer', next: 'token' },
  refused: { resend: 'whole', next: 'hold' },
  too_large: { resend: 'halves', alone: 'too_large', next: 'now' },
};

/** What differs in the last flush of a process, which has no time to search for an invalid hit and makes no later attempt. */
const AT_EXIT: Readonly<Partial<Record<PolicyName, ResultPolicy>>> = {
  unconfirmed_resent: POLICIES.unconfirmed,
  rolled_back: { resend: 'halves', alone: 'rejected', next: 'now' },
  nothing_kept: { resend: 'whole', next: 'hold' },
  all_invalid: { resend: 'whole', next: 'token' },
};

export function policyOf(name: PolicyName, isAtExit = false): ResultPolicy {
  return (isAtExit ? AT_EXIT[name] : undefined) ?? POLICIES[name];
}

/** The policy for a result. A bulk of orders alone is rejected if Matomo already has them, whatever the token is. */
export function policyNameOf(
  result: BulkResult,
  batch: Batch,
  resendUnconfirmed: boolean,
): PolicyName {
  switch (result.kind) {
    case 'accepted':
      return result.isDoubtful ? 'doubtful' : 'accepted';
    case 'unconfirmed':
      return resendUnconfirmed ? 'unconfirmed_resent' : 'unconfirmed';
    case 'unavailable':
      return result.mayBeStored ? 'unavailable_unclear' : 'unavailable';
    case 'rolled_back':
      return batch.kind === 'crash' ? 'crashes_rolled_back' : 'rolled_back';
    case 'refused':
      if (!result.isTokenRefused) return 'refused';
      return sentHits(batch).every(isOrder) ? 'all_invalid' : 'token_rejected';
    case 'processed':
    case 'nothing_kept':
    case 'all_invalid':
    case 'too_large':
      return result.kind;
  }
}

interface Effect {
  /** Results of the hits that are not sent again. */
  readonly counts: DeliveryCounters;
  /** Batches to send before anything else: the same batch, parts of it, or none. */
  readonly again: readonly Batch[];
  /** Matomo has no CrashAnalytics: no more crashes are sent. */
  readonly refusesCrashes?: true;
  /** Matomo rejected the token. The file from which it was read may contain a new one. */
  readonly refusesToken?: true;
  /** Nothing proves that Matomo stored none of the hits. */
  readonly mayBeStored?: true;
}

/**
 * The effect of an exchange on a batch. Delivery continues immediately only after `decided` and `split`, which only the functions below
 * create: every such request has fewer hits left, or is smaller than the one before.
 */
export type Outcome =
  | (Effect & { readonly kind: 'decided' })
  | (Effect & { readonly kind: 'split' })
  | (Effect & { readonly kind: 'held'; readonly waitMillis: number });

/** Every hit that was sent is counted. The rest of the batch is sent immediately. */
export function decided(batch: Batch, counts: DeliveryCounters): Outcome {
  return { kind: 'decided', counts, again: restOf(batch) };
}

/** The hits that were sent are sent again immediately, as two smaller bulks; `undefined` if it was one hit. */
export function split(batch: Batch, lastFirst = false): Outcome | undefined {
  const parts = halve(batch, lastFirst);
  return parts && { kind: 'split', counts: createDeliveryCounters(), again: parts };
}

/** Nothing is sent until the wait is over. */
export function held(
  again: readonly Batch[],
  waitMillis: number,
  counts: DeliveryCounters = createDeliveryCounters(),
): Outcome {
  return { kind: 'held', counts, again, waitMillis: Math.max(SHORTEST_WAIT_MILLIS, waitMillis) };
}

/** Applies a policy to the hits that were sent. `search` is called if the policy is to search for an invalid hit. */
export function applyPolicy(
  policy: ResultPolicy,
  batch: Batch,
  result: BulkResult,
  waitMillis: number,
  search: () => Outcome = () => held([batch], waitMillis),
): Outcome {
  return {
    ...decideHits(policy, batch, result, waitMillis, search),
    ...('mayBeStored' in policy && { mayBeStored: true as const }),
    ...('refusesCrashes' in policy && { refusesCrashes: true as const }),
    ...(policy.next === 'token' && { refusesToken: true as const }),
  };
}

function decideHits(
  policy: ResultPolicy,
  batch: Batch,
  result: BulkResult,
  waitMillis: number,
  search: () => Outcome,
): Outcome {
  if ('count' in policy) {
    const counts = countAs(policy.count, sentHits(batch).length, result);
    return policy.next === 'now' ? decided(batch, counts) : held(restOf(batch), waitMillis, counts);
  }
  switch (policy.resend) {
    case 'whole':
      return held([batch], waitMillis);
    case 'with_newer':
      return held([{ ...batch, part: undefined, mergesNewer: true }], waitMillis);
    case 'search':
      return search();
    case 'halves':
      return split(batch) ?? decided(batch, countAs(policy.alone, 1, result));
  }
}

function countAs(name: 'reported' | CountName, hits: number, result: BulkResult): DeliveryCounters {
  if (name === 'reported') {
    const { tracked = 0, invalid = 0, unconfirmed = 0 } = result.kind === 'processed' ? result : {};
    return { ...lostHits('unconfirmed', unconfirmed), tracked, invalid };
  }
  if (name === 'accepted' || name === 'invalid')
    return { ...createDeliveryCounters(), [name]: hits };
  return lostHits(name, hits);
}
