import type { Diagnostics } from '../common/diagnostics.js';
import { createInterpretResponse, type InterpretResponse } from './answer/interpret-response.js';
import { InvalidHits } from './answer/invalid-hits.js';
import type { Outcome } from './answer/outcome.js';
import { type BulkResult, isRejected } from './answer/read-answer.js';
import type { DeliveryOptions } from './delivery-options.js';
import type { LoopHold } from './exit/loop-hold.js';
import type { Exchange, Transport } from './http/transport.js';
import { type Batch, type EncodedHit, sentHits, toBody } from './queue/batch.js';

/** Interval for reading the token again while it is rejected. */
const REREAD_MILLIS = 5_000;

export interface SenderContext {
  readonly hold: LoopHold;
  /** Hits without a result. */
  readonly pending: () => number;
  /** Called if a rejected token was replaced in its file. */
  readonly onNewToken: () => void;
}

/** Sends batches with the current token, and knows how long to wait after each. */
export class Sender {
  /** Back-off: no attempt before this time, except for a flush. */
  waitUntilMillis = 0;
  /** After the token was rejected, not even a flush sends before this time, only a shutdown: many rejections lock the address out. */
  refusedUntilMillis = 0;
  /** Hits sent again after a response that does not prove that nothing was stored. */
  resent = 0;
  /** When Matomo last tracked or accepted hits, or the start, on the monotonic clock. */
  lastSuccessMillis: number = performance.now();
  /** What is known about hits that Matomo rejected. */
  readonly invalidHits: InvalidHits = new InvalidHits();
  readonly #options: DeliveryOptions;
  readonly #transport: Transport;
  readonly #context: SenderContext;
  readonly #response: InterpretResponse;
  /** Hits to count as resent if they are sent again. */
  readonly #mayBeStored = new WeakSet<EncodedHit>();
  /** Usually false, which saves a lookup for each hit. */
  #hasDoubts = false;
  #token: string | undefined;
  #rereadTimer: NodeJS.Timeout | undefined;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number,
    context: SenderContext,
  ) {
    this.#options = options;
    this.#transport = transport;
    this.#context = context;
    this.#token = options.tokenAuth;
    const interpretOptions = { ...options, hasToken: options.tokenAuth !== undefined };
    const workOf = () => ({
      pending: context.pending(),
      waitUntilMillis: this.waitUntilMillis,
    });
    this.#response = createInterpretResponse(
      interpretOptions,
      diagnostics,
      random,
      workOf,
      this.invalidHits,
    );
  }

  /** Why Matomo does not process hits; `undefined` if it does. */
  get stoppedBy(): string | undefined {
    return this.#response.stoppedBy;
  }

  /** The current token. */
  get tokenAuth(): string | undefined {
    return this.#token;
  }

  /** Makes one attempt. Never rejects. */
  async send(batch: Batch): Promise<Outcome> {
    const hits = sentHits(batch);
    if (this.#hasDoubts) this.#countResent(hits);
    let [exchange, result] = await this.#exchange(batch);
    if (isRejected(result) && this.rereadToken()) [exchange, result] = await this.#exchange(batch);
    const now = performance.now();
    const outcome = this.#response.interpret(batch, exchange, result, Date.now()); // Retry-After may be a date
    const waitMillis = outcome.kind === 'held' ? outcome.waitMillis : 0;
    this.waitUntilMillis = now + waitMillis;
    const { tracked, accepted } = outcome.counts;
    if (outcome.kind === 'decided' && tracked + accepted > 0) this.lastSuccessMillis = now;
    if (tracked > 0) this.#options.onTracked?.();
    if (outcome.mayBeStored) {
      this.#hasDoubts = true;
      for (const hit of hits) this.#mayBeStored.add(hit);
    }
    this.#stopRereading();
    if (outcome.refusesToken) {
      this.refusedUntilMillis = this.waitUntilMillis;
      this.#keepRereading();
    }
    return outcome;
  }

  async #exchange(batch: Batch): Promise<[Exchange, BulkResult]> {
    const { hold } = this.#context;
    const { exportTimeoutMillis } = this.#options;
    const body = this.bodyOf(batch);
    const exchange = await hold.during(this.#transport.send(body, exportTimeoutMillis));
    if (exchange.kind === 'answer') hold.spentMillis = 0;
    return [exchange, this.#response.read(batch, exchange)];
  }

  /** Reads the token again if it came from a file. Returns whether it is another one; a missing or empty file keeps the old one. */
  rereadToken(): boolean {
    const token = this.#options.rereadToken?.() ?? this.#token;
    const isNew = token !== this.#token;
    this.#token = token;
    return isNew;
  }

  /** Nothing is sent earlier unless the token changes. */
  #keepRereading(): void {
    if (this.#options.rereadToken === undefined) return;
    this.#rereadTimer = setInterval(() => {
      if (!this.rereadToken()) return;
      this.#stopRereading();
      this.waitUntilMillis = 0;
      this.refusedUntilMillis = 0;
      this.#context.onNewToken();
    }, REREAD_MILLIS).unref();
  }

  #stopRereading(): void {
    clearInterval(this.#rereadTimer);
  }

  #countResent(hits: readonly EncodedHit[]): void {
    for (const hit of hits) if (this.#mayBeStored.delete(hit)) this.resent += 1;
  }

  /** The body of the next request for a batch, with the token. */
  bodyOf(batch: Batch): Buffer {
    return toBody(sentHits(batch), this.#token);
  }

  /** Aborts the request in flight. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  /** No response is interpreted any more: ends all timers. */
  stop(): void {
    this.#stopRereading();
    this.#response.close();
  }
}
