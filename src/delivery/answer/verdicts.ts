import { coded } from '../../common/messages.js';
import type { DeliveryParts } from '../delivery-options.js';
import type { Exchange } from '../http/transport.js';
import type { Batch, Reason } from '../queue/batch.js';
import {
  type BulkResult,
  interpretAnswer,
  isOrder,
  mayBeTokenRejection,
  policyOf,
  type ResultPolicy,
} from './interpret-answer.js';
import { adviceFor } from './outage.js';

/** What to do after an exchange. */
export interface Verdict {
  readonly policy: ResultPolicy;
  readonly result: BulkResult;
  /** Nothing is sent until the wait is over. */
  readonly waitMillis: number;
  /** Matomo has processed the bulk, or a server has accepted it. */
  readonly isSuccess: boolean;
}

type VerdictParts = Pick<DeliveryParts, 'options' | 'diagnostics' | 'outage' | 'random'>;

/** Decides what a result means, by its policy and by what earlier results say about Matomo and the token. */
export class Verdicts {
  readonly #parts: VerdictParts;
  /** Matomo has tracked at least one hit. */
  #hasTracked = false;
  /** Bulks in a row in which no hit was valid, with a token. */
  #rejections = 0;
  /** How often sending stopped because of them. */
  #tokenWaits = 0;

  constructor(parts: VerdictParts) {
    this.#parts = parts;
  }

  /** The result of an exchange in which this token was sent. */
  classify({ hits }: Batch, exchange: Exchange, token: string | undefined): BulkResult {
    const hasToken = token !== undefined;
    const hasTracked = this.#hasTracked;
    return interpretAnswer(exchange, { sent: hits.length, hasToken, hasTracked, token });
  }

  /** Decides what a result means for a batch. */
  decide(batch: Batch, result: BulkResult): Verdict {
    if (mayBeTokenRejection(result)) this.#rejections += 1;
    if (result.kind === 'processed') this.#hasTracked ||= result.tracked > 0;
    const { resendUnconfirmed } = this.#parts.options;
    const policy = policyOf(result, batch, this.#rejections, resendUnconfirmed);
    const isSuccess =
      result.kind === 'processed' ||
      (result.kind === 'accepted' && result.warning?.code !== 'not-matomo');
    return { policy, result, isSuccess, waitMillis: this.#waitMillis(policy, result) };
  }

  /** Begins or ends the outage, and logs what a verdict says besides its counters. The exit flush logs what it loses itself. */
  record(batch: Batch, { policy, result, isSuccess, waitMillis }: Verdict): void {
    const { outage } = this.#parts;
    this.#logDetails(batch, result);
    if (isSuccess) {
      outage.end();
      this.#rejections = 0;
      this.#tokenWaits = 0;
    }
    const reason = reasonOf(result);
    if (waitMillis > 0 && reason) outage.begin(explain(policy, reason), policy.hits !== 'counted');
  }

  #waitMillis(policy: ResultPolicy, result: BulkResult): number {
    const { outage, random } = this.#parts;
    const n = outage.attempts + 1;
    switch ('wait' in policy ? policy.wait : undefined) {
      case undefined:
        return 0;
      case 'back_off': {
        const least = result.kind === 'unavailable' ? retryAfterMillis(result.retryAfter) : 0;
        return Math.max(least, SHORTEST_WAIT_MILLIS, backOffMillis(n, random));
      }
      case 'hold':
        return Math.max(SHORTEST_WAIT_MILLIS, holdMillis(n, random));
      case 'token':
        this.#tokenWaits += 1;
        return tokenMillis(this.#tokenWaits);
    }
  }

  /** Logs what a result says besides its counters. */
  #logDetails({ hits }: Batch, result: BulkResult): void {
    const { diagnostics } = this.#parts;
    if (result.kind === 'token_rejected' && hits.every(isOrder))
      diagnostics.warnOnce('orders-rejected', coded('orders-rejected', ORDER_REJECTED));
    if (!('warning' in result) || !result.warning) return;
    const { code, reason } = result.warning;
    const effect = result.kind === 'accepted' ? ' Sending continues.' : '';
    const text = `${reason}.${effect} ${adviceFor(code)}`;
    diagnostics.warnOnce(code, coded(code, text));
  }
}

/** Minimum wait after a failed attempt, whatever the back-off or `Retry-After` is. */
const SHORTEST_WAIT_MILLIS = 100;

/** Why a result is not what it should be; `undefined` if it is. */
export function reasonOf(result: BulkResult): Reason | undefined {
  if ('reason' in result) return result;
  return result.kind === 'accepted' ? result.warning : undefined;
}

/** Why nothing is sent for some time. */
function explain(policy: ResultPolicy, cause: Reason): Reason {
  if (policy.hits !== 'kept' || !policy.mayBeStored) return cause;
  return { ...cause, reason: `${cause.reason} and may have stored the hits` };
}

const ORDER_REJECTED =
  'Matomo rejected an order, and has tracked no hit of this process yet. Either Matomo already has the order, or tokenAuth is invalid. The order counts as invalid. If other hits are rejected too, check tokenAuth and siteId.';

/** Wait after the `n`th failure in a row, from 1. */
type WaitMillis = (n: number, random: () => number) => number;

/**
 * Waits that double from the first to the longest one, of which the part `jitter` is random, so that many processes do not retry at the same
 * time. `policyOf` says after which result; `Retry-After` makes it longer.
 */
function waitsOf(firstMillis: number, maxMillis: number, jitter: number): WaitMillis {
  return (n, random) =>
    (1 - jitter + jitter * random()) * Math.min(maxMillis, firstMillis * 2 ** (n - 1));
}

const MINUTE_MILLIS = 60_000;
/** Matomo locks an address out after 20 rejections an hour: six processes behind one address stay below. */
const TOKEN_MINUTES = [10, 30, 60];

/** While Matomo is unavailable. */
export const backOffMillis: WaitMillis = waitsOf(1_000, 60_000, 1);
/** If only an operator can fix the cause, rare attempts are enough. */
export const holdMillis: WaitMillis = waitsOf(2_000, 300_000, 0.5);
/** If Matomo receives bulks and fails: each attempt costs it the work of a whole bulk. */
export const failingMillis: WaitMillis = waitsOf(2_000, 720_000, 0.5);

/** Wait after the `n`th rejection of the token in a row, from 1. */
function tokenMillis(n: number): number {
  const minutes = TOKEN_MINUTES[n - 1] ?? (TOKEN_MINUTES.at(-1) as number);
  return minutes * MINUTE_MILLIS;
}

/** Parses the seconds in `Retry-After`, to milliseconds, at most an hour. Without, or with a date, 0. */
export function retryAfterMillis(header = ''): number {
  return /^\s*\d+\s*$/.test(header) ? Math.min(Number(header) * 1000, 3_600_000) : 0;
}
