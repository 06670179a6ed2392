import type { Diagnostics } from '../common/diagnostics.js';
import { coded, type MessageCode } from '../common/messages.js';
import type { Hit } from '../hit/hit.js';
import { nameOf } from './answer/name-of.js';
import type { Outage } from './answer/outage.js';
import { countOf } from './queue/batch.js';
import type { DeliveryCounters, LossReason } from './queue/counters.js';

const HOUR_MILLIS = 3_600_000;

/** With a spool, hits are in memory only until it has stored them. */
const CHECK_SPOOL =
  'Check why the spool does not store hits: space, permissions, maxSpoolBytes, or Redis';

const CHECK_ANSWERS =
  'Check why Matomo does not answer, or set resendUnconfirmed if you prefer duplicates to losses';
/** Matomo has answered: it would answer the same if the hits were sent again. */
const ASK_DOCTOR = 'An earlier line, or npx opentelemetry-matomo doctor, names the cause';

/** Different names of invalid hits in a line. */
const MAX_NAMES = 5;

/** What a line says besides the number of hits. */
interface LossContext {
  readonly hasSpool: boolean;
  /** Why Matomo does not process hits now. */
  readonly outage: string | undefined;
  /** Which hits are invalid, as far as that is known. */
  readonly names: string;
}

interface LossLine {
  readonly code: MessageCode;
  readonly text: (hits: string, context: LossContext) => string;
  /** @default a minute */
  readonly intervalMillis?: number;
  readonly delayMillis?: number;
}

/** `rejected` and `spool` are logged where their cause is known; for `shutdown` see below. */
const LINES = {
  queue_full: {
    code: 'queue-full',
    delayMillis: 1_000, // the first line shows how many hits a second are lost
    text: (hits, { hasSpool }) =>
      `The queue is full. Lost and counted as queue_full: ${hits}. New hits are lost until there is room. ${hasSpool ? CHECK_SPOOL : 'Raise maxQueueSize, or set spool'}.`,
  },
  unconfirmed: {
    code: 'unconfirmed',
    text: (hits, { outage }) =>
      `Matomo may have stored ${hits} without confirming it${outage === undefined ? '' : ` (${outage})`}: not sent again, counted as lost.unconfirmed. ${outage === undefined ? ASK_DOCTOR : CHECK_ANSWERS}.`,
  },
  too_large: {
    code: 'too-large',
    text: (hits) =>
      `Matomo answered with status 413 to ${hits} sent alone: lost and counted as too_large. Raise the limit of the proxy or web server for the size of a request.`,
  },
  expired: {
    code: 'expired',
    text: (hits) =>
      `Too old to be sent, lost and counted as expired: ${hits}. The limit is maxSpoolAgeMillis or, without tokenAuth, a day. Check why they were not sent earlier.`,
  },
  invalid: {
    code: 'hits-invalid',
    intervalMillis: HOUR_MILLIS,
    text: (hits, { names }) =>
      `Matomo rejected ${hits}, counted as invalid${names}. Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`,
  },
} satisfies Readonly<Record<string, LossLine>>;

type LoggedResult = keyof typeof LINES;
const LOGGED = Object.keys(LINES) as LoggedResult[];

/** Logs lost and invalid hits by reason: at most one line per minute, and per hour for invalid ones. */
export class LossLog {
  readonly #lines: Diagnostics['lines'];
  readonly #counters: DeliveryCounters;
  readonly #hasSpool: boolean;
  readonly #outage: Pick<Outage, 'cause'>;
  readonly #logged = new Map<LoggedResult, number>();
  /** Names of invalid hits for the next line, and how many hits have each. */
  readonly #invalid = new Map<string, number>();

  constructor(
    diagnostics: Pick<Diagnostics, 'lines'>,
    counters: DeliveryCounters,
    hasSpool: boolean,
    outage: Pick<Outage, 'cause'>,
  ) {
    this.#lines = diagnostics.lines;
    this.#counters = counters;
    this.#hasSpool = hasSpool;
    this.#outage = outage;
  }

  /** Call this after hits were counted. At the end of a process, the cause of a loss is logged with all that is lost. */
  check(results: readonly LoggedResult[] = LOGGED): void {
    const { invalid, lost } = this.#counters;
    for (const result of results) {
      const total = result === 'invalid' ? invalid : lost[result];
      const hits = total - (this.#logged.get(result) ?? 0);
      if (hits <= 0) continue;
      this.#logged.set(result, total);
      const { code, text, ...pace }: LossLine = LINES[result];
      const write = (sum: number) => {
        const outage = this.#outage.cause?.reason;
        const names = result === 'invalid' ? this.#takeNames(sum) : '';
        return coded(code, text(countOf(sum), { hasSpool: this.#hasSpool, outage, names }));
      };
      this.#lines.add(result, hits, write, pace);
    }
  }

  /** Matomo has rejected these hits. They are named in the next line about invalid ones. */
  nameInvalid(hits: readonly Hit[]): void {
    for (const hit of hits) {
      const name = nameOf(hit);
      const count = this.#invalid.get(name);
      if (count !== undefined || this.#invalid.size < MAX_NAMES)
        this.#invalid.set(name, (count ?? 0) + 1);
    }
  }

  #takeNames(sum: number): string {
    const named = [...this.#invalid];
    this.#invalid.clear();
    if (named.length === 0) return '';
    const names = named.map(([name, count]) => (count === 1 ? name : `${name} (${count})`));
    const more = sum - named.reduce((total, [, count]) => total + count, 0);
    return `: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }

  /** What was lost at the end, by reason, and what was sent without a response; `undefined` if all is confirmed. */
  describeLoss(
    what: 'shutdown' | 'process',
    { unconfirmed = 0, ...others }: Readonly<Partial<Record<LossReason, number>>>,
    end: EndOfSending,
  ): string | undefined {
    const counts = Object.entries(others).filter(([, count]) => count > 0);
    const hits = counts.reduce((sum, [, count]) => sum + count, 0);
    if (hits + unconfirmed === 0) return undefined;
    const reason = whyLeft(end);
    const why = reason === undefined ? '' : ` (${reason})`;
    const sentences = [
      `The ${what} ended before Matomo confirmed ${countOf(hits + unconfirmed)}${why}`,
    ];
    if (hits > 0) {
      const names = counts.map(([name, count]) => `${name}: ${count}`).join(', ');
      sentences.push(`Lost: ${countOf(hits)} (${names})`);
    }
    if (unconfirmed > 0)
      sentences.push(`Sent, not confirmed: ${countOf(unconfirmed)} (unconfirmed: ${unconfirmed})`);
    sentences.push(adviceFor(end, hits > 0, this.#hasSpool));
    return coded(hits > 0 ? 'lost-at-shutdown' : 'unconfirmed', `${sentences.join('. ')}.`);
  }
}

/** What is known at the end about why not more was sent. */
interface EndOfSending {
  /** What the last attempts have shown. */
  readonly found?: string | undefined;
  /** The end itself has cut the last request short, which shows little. */
  readonly isCut?: boolean;
  /** `shutdownTimeoutMillis` ran out. */
  readonly hasTimedOut: boolean;
  /** Why Matomo did not process hits before. */
  readonly before?: string | undefined;
  /** Whether sending at the end was allowed. */
  readonly mayFlush: boolean;
}

function adviceFor(
  { hasTimedOut, mayFlush }: EndOfSending,
  areLost: boolean,
  hasSpool: boolean,
): string {
  if (!mayFlush) return 'Set exitFlush, or call shutdown() before the process ends';
  if (hasSpool && areLost)
    return `${CHECK_SPOOL}, which gets no hits after process.exit(). Hits that a slow disk still stores are sent by the next process`;
  // If `shutdownTimeoutMillis` has not run out, a longer one changes nothing.
  const set = hasTimedOut ? 'Raise shutdownTimeoutMillis, or set' : 'Set';
  // A bulk that was in flight is not sent again from a spool either.
  return hasSpool || !(areLost || hasTimedOut)
    ? `${set} resendUnconfirmed if you prefer duplicates to losses`
    : `${set} spool to keep hits across restarts`;
}

/** Why hits are left: what the end has shown, else the time, and what was known before. */
function whyLeft({ found, isCut, hasTimedOut, before }: EndOfSending): string | undefined {
  if (found !== undefined && !isCut) return found;
  const reason = hasTimedOut ? 'the shutdown timeout ran out' : found;
  if (reason === undefined || before === undefined) return reason ?? before;
  return `${reason}; before, ${before}`;
}
