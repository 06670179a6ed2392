import { explainError, provesUnsent } from './explain-error.js';
import { type Answer, type Exchange, timedOut, type Unanswered, unanswered } from './transport.js';

/** A response before its body. */
interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Limit for a response, compressed and decompressed. Nested JSON takes JSON.parse more than linear time. */
const MAX_ANSWER_BYTES = 65_536;

/** A request in flight: whichever client sends it reports here what happens, and the result is known once. */
export class OpenExchange {
  readonly result: Promise<Exchange>;
  #resolve: (exchange: Exchange) => void = () => undefined;
  #isSent = false;
  #isEnded = false;
  /** The response, if one has begun. */
  #response: Response | undefined;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #abortRequest: ((reason: Error) => void) | undefined;
  readonly #onSent: (() => void) | undefined;
  readonly #startMillis = performance.now();
  readonly #timeoutMillis: number;
  readonly #timer: NodeJS.Timeout;

  /** `onSent` is called when Matomo may receive bytes of the request. */
  constructor(timeoutMillis: number, onSent?: () => void) {
    this.#onSent = onSent;
    this.#timeoutMillis = timeoutMillis;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const abort = () => this.abort();
    // If this process was busy or stood still, the answer may be there already. It is read before that.
    this.#timer = setTimeout(() => setImmediate(abort), timeoutMillis).unref();
  }

  /** Whether Matomo may have received bytes of the request. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Sets how the request is aborted. If it has a result already, it is aborted now: it must not be sent later. */
  setAbort(abortRequest: (reason: Error) => void): void {
    this.#abortRequest = abortRequest;
    if (this.#isEnded) abortRequest(new Error('timed out before it was sent'));
  }

  /** From now on, Matomo may receive bytes of the request. */
  markSent(): void {
    this.#isSent = true;
    this.#onSent?.();
  }

  /** The status and the headers of a response. */
  start(status: number, headers: Response['headers']): void {
    this.#response = { status, headers };
  }

  /** A part of its body. */
  add(chunk: Uint8Array): void {
    if (this.#isEnded) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < MAX_ANSWER_BYTES) return;
    this.end();
    this.#abortRequest?.(new Error('answer too long'));
  }

  /** The response is complete. */
  end(): void {
    if (this.#response) this.#end(toAnswer(this.#response, this.#chunks));
  }

  /** Ends it if it has no result yet. */
  close(): void {
    if (!this.#isEnded) this.fail(new Error('the connection was closed without an answer'));
  }

  fail(error: Error): void {
    const wasSent = this.#isSent && !provesUnsent(error);
    this.#endWithout(unanswered(wasSent, explainError(error)));
  }

  /** Its time is over. */
  abort(): void {
    if (this.#isEnded) return;
    const millis = Math.min(performance.now() - this.#startMillis, this.#timeoutMillis);
    const exchange = timedOut(this.#isSent, millis);
    this.#endWithout(exchange);
    this.#abortRequest?.(exchange.error);
  }

  /** The answer has no end. If it has begun, its status may say all, whatever the body is. */
  #endWithout(exchange: Unanswered): void {
    const begun = this.#response && toAnswer(this.#response, this.#chunks);
    if (!begun || exchange.kind === 'not_sent') this.#end(exchange);
    else this.#end(begun.status >= 300 ? begun : { ...exchange, begun });
  }

  #end(exchange: Exchange): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#resolve(exchange);
  }
}

/** The exchange of a complete response, or of one that says enough. What exceeds the limit is cut off. */
export function toAnswer({ status, headers }: Response, chunks: readonly Uint8Array[]): Answer {
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
  return {
    kind: 'answer',
    status,
    contentType: header('content-type') ?? '',
    body: inflate(body, header('content-encoding')).toString('utf8'),
    location: header('location'),
    retryAfter: header('retry-after'),
    date: header('date'),
    authenticate: header('www-authenticate'),
  };
}

/**
 * Decompresses a body of gzip. Returns it unchanged if it cannot be decompressed to at most the limit. The request asks for no compression,
 * but some proxies compress anyway, so node:zlib is loaded on demand.
 */
function inflate(body: Buffer, encoding = ''): Buffer {
  if (!/^\s*(?:x-)?gzip\s*$/i.test(encoding)) return body;
  try {
    const { gunzipSync } = process.getBuiltinModule('node:zlib');
    return gunzipSync(body, { maxOutputLength: MAX_ANSWER_BYTES });
  } catch {
    return body;
  }
}
