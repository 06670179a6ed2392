import type { Exchange } from './transport.js';

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
