import { explainError, provesNotHttp, provesUnsent } from './explain-error.js';
import { type Exchange, timedOut, unanswered } from './transport.js';

/** A request in flight: whichever client sends it reports here what happens, and the result is known once. */
export class OpenExchange {
  readonly result: Promise<Exchange>;
  #resolve: (exchange: Exchange) => void = () => undefined;
  #isSent = false;
  #isEnded = false;
  #reader: AnswerReader | undefined;
  #abortRequest: ((reason: Error) => void) | undefined;
  readonly #onSent: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `onSent` is called when Matomo may receive bytes of the request. */
  constructor(timeoutMillis: number, onSent?: () => void) {
    this.#onSent = onSent;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const abort = () => this.abort(timedOut(this.#isSent, timeoutMillis).error);
    // If this process was busy or stood still, the answer may be there already. It is read before that.
    this.#timer = setTimeout(() => setImmediate(abort), timeoutMillis).unref();
  }

  /** Whether Matomo may have received bytes of the request, and there is no result yet. */
  get isSending(): boolean {
    return this.#isSent && !this.#isEnded;
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
  start(status: number, headers: AnswerHeaders): void {
    this.#reader = new AnswerReader(status, headers);
  }

  /** A part of its body. */
  add(chunk: Uint8Array): void {
    if (this.#reader?.add(chunk) !== false) return;
    this.end();
    this.#abortRequest?.(new Error('answer too long'));
  }

  /** The response is complete. */
  end(): void {
    if (this.#reader) this.#end(this.#reader.toExchange());
  }

  fail(error: Error): void {
    const wasSent = this.#isSent && !provesUnsent(error);
    const isHttp = !this.#reader && provesNotHttp(error) ? false : undefined;
    this.#end(this.#knownByStatus ?? unanswered(wasSent, explainError(error), isHttp));
  }

  /** Ends the request. */
  abort(reason: Error): void {
    if (this.#isEnded) return;
    this.#end(this.#knownByStatus ?? unanswered(this.#isSent, reason));
    this.#abortRequest?.(reason);
  }

  /** The answer, if it is known without the end of the body. */
  get #knownByStatus(): Exchange | undefined {
    return this.#reader?.isKnownByStatus ? this.#reader.toExchange() : undefined;
  }

  #end(exchange: Exchange): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#resolve(exchange);
  }
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Limit for a response, compressed and decompressed. Nested JSON takes JSON.parse more than linear time. */
const MAX_ANSWER_BYTES = 65_536;

/** Reads a response of Matomo, for every HTTP client. */
export class AnswerReader {
  readonly #status: number;
  readonly #headers: AnswerHeaders;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(status: number, headers: AnswerHeaders) {
    this.#status = status;
    this.#headers = headers;
  }

  /** Whether the status says all, whatever the body is. */
  get isKnownByStatus(): boolean {
    return this.#status >= 300;
  }

  /** Adds a part of the body. Returns `false` if no more is read. */
  add(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk.subarray(0, Math.max(0, MAX_ANSWER_BYTES - this.#size)));
    this.#size += chunk.length;
    return this.#size < MAX_ANSWER_BYTES;
  }

  toExchange(): Exchange {
    const body = inflate(Buffer.concat(this.#chunks), this.#header('content-encoding'));
    return {
      kind: 'answer',
      status: this.#status,
      contentType: this.#header('content-type') ?? '',
      body: body.toString('utf8'),
      location: this.#header('location'),
      retryAfter: this.#header('retry-after'),
      date: this.#header('date'),
      authenticate: this.#header('www-authenticate'),
    };
  }

  #header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  }
}

/**
 * Decompresses a body. Returns it unchanged if it cannot be decompressed to at most the limit. The request asks for no compression, but
 * some proxies compress anyway, so node:zlib is loaded on demand.
 */
function inflate(body: Buffer, encoding = ''): Buffer {
  const zlib = () => process.getBuiltinModule('node:zlib');
  const limit = { maxOutputLength: MAX_ANSWER_BYTES };
  try {
    switch (encoding.trim().toLowerCase()) {
      case 'gzip':
      case 'x-gzip':
        return zlib().gunzipSync(body, limit);
      case 'deflate': {
        // Some servers omit the header of zlib.
        const hasHeader = ((body[0] ?? 0) & 0x0f) === 8;
        return hasHeader ? zlib().inflateSync(body, limit) : zlib().inflateRawSync(body, limit);
      }
      case 'br':
        return zlib().brotliDecompressSync(body, limit);
      default:
        return body;
    }
  } catch {
    return body;
  }
}
