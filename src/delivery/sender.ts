import type { Diagnostics } from '../common/diagnostics.js';
import { type Batch, type EncodedHit, sentHits, toBody } from './batch.js';
import type { DeliveryOptions } from './delivery-options.js';
import { createInterpretResponse } from './interpret-response.js';
import type { LoopHold } from './loop-hold.js';
import type { Outcome } from './outcome.js';
import type { Transport } from './transport.js';

/** Longest wait before a new token is used. Not zero, so that a token that keeps changing causes no busy loop. */
const NEW_TOKEN_MILLIS = 1_000;

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
  readonly #options: DeliveryOptions;
  readonly #transport: Transport;
  readonly #hold: LoopHold;
  readonly #interpretResponse: ReturnType<typeof createInterpretResponse>;
  /** Hits to count as resent if they are sent again. */
  readonly #mayBeStored = new WeakSet<EncodedHit>();
  /** Usually false, which saves a lookup for each hit. */
  #hasDoubts = false;
  #token: string | undefined;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number,
    hold: LoopHold,
  ) {
    this.#options = options;
    this.#transport = transport;
    this.#hold = hold;
    this.#token = options.tokenAuth;
    const interpretOptions = { ...options, hasToken: options.tokenAuth !== undefined };
    this.#interpretResponse = createInterpretResponse(interpretOptions, diagnostics, random);
  }

  /** Makes one attempt. Never rejects. */
  async send(batch: Batch): Promise<Outcome> {
    const { exportTimeoutMillis, rereadToken } = this.#options;
    const hits = sentHits(batch);
    if (this.#hasDoubts) this.#countResent(hits);
    const body = this.bodyOf(batch);
    const exchange = await this.#hold.during(this.#transport.send(body, exportTimeoutMillis));
    if (exchange.kind === 'answer') this.#hold.spentMillis = 0;
    const now = performance.now();
    const outcome = this.#interpretResponse(batch, exchange, Date.now()); // Retry-After may be a date
    const waitMillis = outcome.kind === 'held' ? outcome.waitMillis : 0;
    this.waitUntilMillis = now + waitMillis;
    const { tracked, accepted } = outcome.counts;
    if (outcome.kind === 'decided' && tracked + accepted > 0) this.lastSuccessMillis = now;
    if (outcome.mayBeStored) {
      this.#hasDoubts = true;
      for (const hit of hits) this.#mayBeStored.add(hit);
    }
    if (outcome.refusesToken) {
      const token = rereadToken?.() ?? this.#token;
      if (token !== this.#token)
        this.waitUntilMillis = now + Math.min(NEW_TOKEN_MILLIS, waitMillis);
      this.#token = token;
      this.refusedUntilMillis = this.waitUntilMillis;
    }
    return outcome;
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
}
