import type { Diagnostics } from '../common/diagnostics.js';
import { type Batch, type EncodedHit, sentHits, toBody } from './batch.js';
import type { DeliveryOptions } from './delivery-options.js';
import { createInterpretResponse } from './interpret-response.js';
import type { Outcome } from './outcome.js';
import type { Transport } from './transport.js';

/** How soon another token is tried at most, so that one that changes all the time is no busy loop. */
const NEW_TOKEN_MILLIS = 1_000;

/** Sends batches with the token that is good at the time, and knows until when to wait. */
export class Sender {
  /** Back-off: no attempt before, but for a flush. */
  waitUntilMillis = 0;
  /** A refused token: no flush asks before, only a shutdown, for enough refusals lock the address out. */
  refusedUntilMillis = 0;
  /** Hits sent again after an answer that does not prove that nothing was stored. */
  resent = 0;
  readonly #options: DeliveryOptions;
  readonly #transport: Transport;
  readonly #interpretResponse: ReturnType<typeof createInterpretResponse>;
  /** Sent, and to be counted as resent if they are sent again. */
  readonly #mayBeStored = new WeakSet<EncodedHit>();
  #token: string | undefined;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number,
  ) {
    this.#options = options;
    this.#transport = transport;
    this.#token = options.tokenAuth;
    const settling = { ...options, hasToken: options.tokenAuth !== undefined };
    this.#interpretResponse = createInterpretResponse(settling, diagnostics, random);
  }

  /** One attempt. Never rejects. */
  async send(batch: Batch): Promise<Outcome> {
    const { exportTimeoutMillis, rereadToken } = this.#options;
    const hits = sentHits(batch);
    for (const hit of hits) if (this.#mayBeStored.delete(hit)) this.resent += 1;
    const body = this.bodyOf(batch);
    const exchange = await this.#transport.send(body, exportTimeoutMillis);
    const now = performance.now();
    const outcome = this.#interpretResponse(batch, exchange, Date.now()); // Retry-After may be a date
    const waitMillis = outcome.kind === 'held' ? outcome.waitMillis : 0;
    this.waitUntilMillis = now + waitMillis;
    if (outcome.mayBeStored) for (const hit of hits) this.#mayBeStored.add(hit);
    if (outcome.refusesToken) {
      const token = rereadToken?.() ?? this.#token;
      if (token !== this.#token)
        this.waitUntilMillis = now + Math.min(NEW_TOKEN_MILLIS, waitMillis);
      this.#token = token;
      this.refusedUntilMillis = this.waitUntilMillis;
    }
    return outcome;
  }

  /** What is sent of a batch, with the token. */
  bodyOf(batch: Batch): Buffer {
    return toBody(sentHits(batch), this.#token);
  }

  /** Ends what is under way. */
  close(): Promise<void> {
    return this.#transport.close();
  }
}
