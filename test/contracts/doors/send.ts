import { onTestFinished, vi } from 'vitest';
import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import { Delivery } from '../../../src/delivery/delivery.js';
import type { Exchange, Transport } from '../../../src/delivery/http.js';
import type { Spool } from '../../../src/delivery/store.js';
import type { Hit } from '../../../src/hit/hit-text.js';
import type { ResolvedOptions } from '../../../src/options/option-table.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { collectDiagnostics } from '../../support/diagnostics.js';

/** As delivery gets it. Its query begins with `?h=` and the name of the hit. */
export type { Hit as TextHit };

/** What comes back for a request. With neither `status` nor `error`, nothing comes back. */
export interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly location?: string;
  readonly retryAfter?: string;
  /** `not sent`: no connection was established. `no answer`: the connection was lost after the request was sent. */
  readonly error?: 'not sent' | 'no answer';
  /** @default 0 */
  readonly takesMillis?: number;
}

export interface SentRequest {
  /** Names of its hits. */
  readonly names: readonly string[];
  /** When it was sent, since the door was opened. */
  readonly atMillis: number;
  readonly bytes: number;
  readonly token: string | undefined;
}

export type Reply = Answer | ((request: SentRequest) => Answer);

export interface SenderSetup {
  readonly options?: Partial<Omit<ResolvedOptions, 'tokenAuth'>> & {
    readonly tokenAuth?: string | undefined;
  };
  /** The token as its file has it; `undefined` if the file is missing. */
  readonly readToken?: () => string | undefined;
  /** What the requests get, one after the other; the last one stays. */
  readonly answers: Reply | readonly Reply[];
  /** From 0 to 1, for the jitter of waits. @default the longest waits */
  readonly random?: () => number;
  readonly spool?: Spool;
}

/** What sends hits to a scripted Matomo. Time passes only in `advance`. */
export type Sender = ReturnType<typeof openSender>;

/** Starts at noon on the fake clock, which several senders of a test share. */
export function openSender(setup: SenderSetup) {
  const { options = {}, readToken, answers, random, spool } = setup;
  if (!vi.isFakeTimers()) {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
    onTestFinished(() => void vi.useRealTimers());
  }
  const openedMillis = performance.now();
  const transport = new ScriptedTransport(answers, openedMillis);
  const { diagnostics, logged } = collectDiagnostics();
  const delivery = new Delivery({
    options: { ...DEFAULT_OPTIONS, tokenAuth: undefined, ...options, rereadToken: readToken },
    transport,
    diagnostics,
    lines: new LogLines((line) => void logged.push(line)),
    random: random ?? (() => 1),
    openSpool: spool && (async () => spool),
  });
  return {
    put: (hit: Hit) => void delivery.put(hit),
    /** As a spool does that has no place for them. */
    giveBack: (hits: readonly Hit[]) => void delivery.keep(hits),
    flush: () => delivery.flush(),
    shutdown: (millis: number) => delivery.shutdown(millis),
    /** No bulk is begun for so long, but by a flush. */
    pause: (millis: number) => delivery.pause(millis),
    async advance(millis: number) {
      await vi.advanceTimersByTimeAsync(millis);
    },
    /** Steps the wall clock, as an operator or NTP does. The monotonic clock and timers do not notice. */
    stepWallClock: (millis: number) => void vi.setSystemTime(Date.now() + millis),
    requests: (): readonly SentRequest[] => transport.requests,
    /** Names of hits per request, in the order in which they were sent. */
    sent: () => transport.requests.map(({ names }) => [...names]),
    counts() {
      const { tracked, accepted, invalid, resent, lost: all } = delivery.counts;
      const { spool: _, ...lost } = all;
      return { pending: delivery.pending, tracked, accepted, invalid, lost, resent };
    },
    /** Seconds since the oldest pending hit was put, as the metrics have them. */
    oldestAge: () => delivery.oldestAgeSeconds,
    /** Codes of logged lines, in order. */
    codes: () => logged.map((line) => splitCode(line).code ?? 'no code'),
    /** Whether any logged line contains a text. For what must not be logged, and for names of hits. */
    hasLogged: (text: string) => logged.some((line) => line.includes(text)),
  };
}

/** Answers as a test says. Like a connection, it gives up after the time-out and when it is closed. */
class ScriptedTransport implements Transport {
  readonly requests: SentRequest[] = [];
  readonly #replies: readonly Reply[];
  readonly #openedMillis: number;
  #isClosed = false;
  #close: () => void = () => undefined;

  constructor(answers: Reply | readonly Reply[], openedMillis: number) {
    this.#replies = [answers].flat();
    this.#openedMillis = openedMillis;
  }

  async send(body: Buffer, timeoutMillis: number): Promise<Exchange> {
    const { requests, token_auth } = JSON.parse(body.toString('utf8'));
    const request: SentRequest = {
      names: requests.map((query: string) => /^\?h=([^&]*)/.exec(query)?.[1] ?? query),
      atMillis: performance.now() - this.#openedMillis,
      bytes: body.length,
      token: token_auth,
    };
    const reply = this.#replies[this.requests.length] ?? this.#replies.at(-1);
    this.requests.push(request);
    if (this.#isClosed) return toExchange({ error: 'not sent' });
    const answer = typeof reply === 'function' ? reply(request) : (reply ?? {});
    const isAnswered = await this.#wait(answer, timeoutMillis);
    return toExchange(isAnswered ? answer : { error: 'no answer' });
  }

  /** Resolves with whether the answer comes in time. */
  async #wait(answer: Answer, timeoutMillis: number): Promise<boolean> {
    const { status, error, takesMillis = 0 } = answer;
    const isNever = status === undefined && error === undefined;
    const millis = isNever ? Number.POSITIVE_INFINITY : takesMillis;
    if (millis === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => resolve(millis <= timeoutMillis),
        Math.min(millis, timeoutMillis),
      );
      this.#close = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#close();
  }
}

function toExchange({ error, ...answer }: Answer): Exchange {
  if (error === undefined)
    return { kind: 'answer', status: 0, body: '', contentType: '', ...answer };
  const [kind, code] =
    error === 'not sent'
      ? (['not_sent', 'ECONNREFUSED'] as const)
      : (['no_answer', 'ECONNRESET'] as const);
  return { kind, error: Object.assign(new Error(code), { code }) };
}
