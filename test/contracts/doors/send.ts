import { onTestFinished, vi } from 'vitest';
import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import type { DeliveryCounts } from '../../../src/delivery/counts.js';
import { Delivery } from '../../../src/delivery/delivery.js';
import type { Exchange, Transport } from '../../../src/delivery/http.js';
import type { Spool } from '../../../src/delivery/store.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { collectDiagnostics } from '../../support/diagnostics.js';

/** A hit as delivery gets it: text, and what its place in a bulk depends on. */
export interface TextHit {
  readonly site: number;
  readonly client: string;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly kind: 'action' | 'chatbot';
  /** Begins with `?h=` and the name of the hit. */
  readonly query: string;
}

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

/** Public options. All but `tokenAuth` have defaults. */
interface SenderOptions {
  readonly tokenAuth?: string | undefined;
  readonly maxQueueSize?: number;
  readonly maxExportBatchSize?: number;
  readonly scheduledDelayMillis?: number;
  readonly exportTimeoutMillis?: number;
  readonly resendUnconfirmed?: boolean;
}

export interface SenderSetup {
  readonly options?: SenderOptions;
  /** The token as its file has it; `undefined` if the file is missing. */
  readonly readToken?: () => string | undefined;
  /** What the requests get, one after the other; the last one stays. */
  readonly answers: Reply | readonly Reply[];
  /** From 0 to 1, for the jitter of waits. @default the longest waits */
  readonly random?: () => number;
  readonly spool?: Spool;
}

type Counts = Pick<DeliveryCounts, 'tracked' | 'accepted' | 'invalid' | 'resent'> & {
  readonly pending: number;
  readonly lost: Omit<DeliveryCounts['lost'], 'spool'>;
};

/** What sends hits to a scripted Matomo. Time passes only in `advance`. */
export interface Sender {
  put(hit: TextHit): void;
  /** As a spool does that has no place for them. */
  giveBack(hits: readonly TextHit[]): void;
  flush(): Promise<void>;
  shutdown(millis: number): Promise<void>;
  /** No bulk is begun for so long, but by a flush. */
  pause(millis: number): void;
  advance(millis: number): Promise<void>;
  /** Steps the wall clock, as an operator or NTP does. The monotonic clock and timers do not notice. */
  stepWallClock(millis: number): void;
  requests(): readonly SentRequest[];
  /** Names of hits per request, in the order in which they were sent. */
  sent(): string[][];
  readonly mostInFlight: number;
  counts(): Counts;
  /** Seconds since the oldest pending hit was put, as the metrics have them. */
  oldestAge(): number;
  /** Codes of logged lines, in order. */
  codes(): string[];
  /** Whether any logged line contains a text. For what must not be logged, and for names of hits. */
  hasLogged(text: string): boolean;
}

/** Starts at noon on the fake clock, which several senders of a test share. */
export function openSender(setup: SenderSetup): Sender {
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
    put: (hit) => void delivery.put(hit),
    giveBack: (hits) => void delivery.keep(hits),
    flush: () => delivery.flush(),
    shutdown: (millis) => delivery.shutdown(millis),
    pause: (millis) => delivery.pause(millis),
    async advance(millis) {
      await vi.advanceTimersByTimeAsync(millis);
    },
    stepWallClock: (millis) => void vi.setSystemTime(Date.now() + millis),
    requests: () => transport.requests,
    sent: () => transport.requests.map(({ names }) => [...names]),
    get mostInFlight() {
      return transport.mostInFlight;
    },
    counts() {
      const { tracked, accepted, invalid, resent, lost: all } = delivery.counts;
      const { spool: _, ...lost } = all;
      return { pending: delivery.pending, tracked, accepted, invalid, lost, resent };
    },
    oldestAge: () => delivery.oldestAgeSeconds,
    codes: () => logged.map((line) => splitCode(line).code ?? 'no code'),
    hasLogged: (text) => logged.some((line) => line.includes(text)),
  };
}

/** Answers as a test says. Like a connection, it gives up after the time-out and when it is closed. */
class ScriptedTransport implements Transport {
  readonly requests: SentRequest[] = [];
  mostInFlight = 0;
  #inFlight = 0;
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
    this.#inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    const answer = typeof reply === 'function' ? reply(request) : (reply ?? {});
    const isAnswered = await this.#wait(answer, timeoutMillis);
    this.#inFlight -= 1;
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

function toExchange({
  error,
  status = 0,
  body = '',
  contentType = '',
  ...headers
}: Answer): Exchange {
  const given = { kind: 'answer' as const, status, body, contentType, ...headers };
  if (error === undefined) return given;
  if (error === 'not sent') {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    return { kind: 'not_sent', error: refused };
  }
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  return { kind: 'no_answer', error: reset };
}
