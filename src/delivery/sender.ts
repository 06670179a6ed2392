import type { Diagnostics } from '../diagnostics.js';
import { type Batch, sentHits, toBody } from './batch.js';
import type { DeliveryOptions } from './delivery-options.js';
import { createSettleBatch, type Outcome } from './settle-batch.js';
import type { Transport } from './transport.js';

/** Sends batches with the token that is good at the time, and knows until when to wait. */
export class Sender {
  /** Back-off: no attempt before, but for a flush. */
  waitUntilMillis = 0;
  /** A refused token: no flush asks before, only a shutdown, for enough refusals lock the address out. */
  refusedUntilMillis = 0;
  readonly #options: DeliveryOptions;
  readonly #transport: Transport;
  readonly #settleBatch: ReturnType<typeof createSettleBatch>;
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
    this.#settleBatch = createSettleBatch(settling, diagnostics, random);
  }

  /** One attempt. Never rejects. */
  async send(batch: Batch): Promise<Outcome> {
    const { exportTimeoutMillis, rereadToken } = this.#options;
    const body = this.bodyOf(batch);
    const exchange = await this.#transport.send(body, exportTimeoutMillis);
    const now = Date.now();
    const outcome = this.#settleBatch(batch, exchange, now);
    this.waitUntilMillis = now + outcome.waitMillis;
    if (outcome.refusesToken) {
      const token = rereadToken?.() ?? this.#token;
      if (token !== this.#token) this.waitUntilMillis = now;
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
