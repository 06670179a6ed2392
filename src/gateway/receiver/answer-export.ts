import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as zlib from 'node:zlib';
import { type CollectProblem, collectBody } from '../../common/own-server.js';
import { SerialQueue } from '../../common/serial-queue.js';
import { runInSlices } from '../../common/slices.js';
import { AsyncScope } from '../../common/timers.js';
import { findCodec, jsonCodec, OTLP_CODECS, type OtlpCodec } from '../otlp/codecs.js';
import { DecodedExport, type SpanSelection } from '../otlp/read-export.js';
import { UnreadableExport } from '../otlp/read-values.js';
import type { ResolvedReceiver } from '../receiver-options.js';

/** Takes decoded spans. */
export interface SpanIntake {
  readonly selection: SpanSelection;
  /** Whether there is no room for more requests. */
  isFull(): boolean;
  accept(decoded: DecodedExport): void;
  onRefused(cause: 'no room' | 'no memory'): void;
  /** An export, or a part of it, cannot be read. Its sender gets the reason, too. */
  onUnread(reason: string): void;
}

/** Memory for bodies that are being read, as a multiple of `maxBodyBytes`. */
export const MEMORY_OF_BODIES = 16;
const IDLE_MILLIS = 5000;
const RETRY_AFTER_SECONDS = 5;

/** Why an export is refused. */
type Refusal = keyof ReturnType<typeof createRefusals>;

/** HTTP status, `google.rpc.Code` and message of each refusal. */
function createRefusals(maxBodyBytes: number) {
  const types = OTLP_CODECS.map(({ contentType }) => contentType);
  return {
    unreadable: [400, 3, 'the body cannot be decoded'],
    'not inflated': [400, 3, 'the body does not match its content encoding'],
    unauthenticated: [401, 16, 'the bearer token is missing or invalid'],
    foreign: [403, 7, 'this sender must not send spans'],
    'method not allowed': [405, 12, 'send spans by POST'],
    stalled: [408, 4, 'the body did not arrive in time'],
    'too large': [413, 8, `the body must not exceed ${maxBodyBytes} bytes, compressed or not`],
    'unknown type': [415, 3, `the content type must be ${types.join(' or ')}`],
    'unknown encoding': [415, 3, `the content encoding must be ${ENCODINGS.join(' or ')}`],
    'no memory': [429, 8, 'too many exports at the same time; try again later'],
    'no room': [
      503,
      14,
      'the queue or the spool is full until Matomo has processed hits; try again later',
    ],
  } satisfies Record<string, [status: number, code: number, message: string]>;
}

/**
 * Answers export requests as OTLP/HTTP specifies. Spans that are answered with 200 were passed to the intake. `foreign` is
 * the reason to refuse a sender, if there is one.
 */
export function createAnswerExport(
  { bearerToken, maxBodyBytes }: Pick<ResolvedReceiver, 'bearerToken' | 'maxBodyBytes'>,
  intake: SpanIntake,
): (
  request: IncomingMessage,
  response: ServerResponse,
  foreign: string | undefined,
) => Promise<void> {
  const isAllowed = createIsAllowed(bearerToken);
  const refusals = createRefusals(maxBodyBytes);
  /** Memory for bodies that are being read. In bytes, so that clients that send a few bytes and stop do not block others. */
  let freeBytes = MEMORY_OF_BODIES * maxBodyBytes;
  const turns = new SerialQueue({ scope: new AsyncScope('MatomoGateway') });

  /** Reads a body and passes it to `use`, as it was sent. Its memory is reserved until `use` has ended. */
  async function readBody(
    request: IncomingMessage,
    use: (body: Buffer) => Promise<void>,
  ): Promise<CollectProblem | undefined> {
    if (Number(request.headers['content-length']) > maxBodyBytes) return 'too large';
    let reserved = 0;
    const reserve = (bytes: number) => {
      if (bytes > freeBytes) return false;
      freeBytes -= bytes;
      reserved += bytes;
      return true;
    };
    const limits = { maxBytes: maxBodyBytes, idleMillis: IDLE_MILLIS, reserve };
    try {
      const body = await collectBody(request, limits);
      if (typeof body === 'string') return body;
      await use(body);
      return undefined;
    } finally {
      freeBytes += reserved;
    }
  }

  /** Decompresses and decodes a body. Returns why that is refused, and the reason if there is one. */
  async function decode(
    body: Buffer,
    inflate: Inflate,
    codec: OtlpCodec,
  ): Promise<DecodedExport | [why: Refusal, reason?: string]> {
    const inflated = inflate(body, maxBodyBytes);
    if (typeof inflated === 'string') return [inflated];
    const decoded = new DecodedExport(intake.selection);
    try {
      await runInSlices(codec.read(inflated, decoded));
      return decoded;
    } catch (error) {
      if (!(error instanceof UnreadableExport)) throw error;
      intake.onUnread(error.message);
      return ['unreadable', error.message];
    }
  }

  /** Decodes one export after the other, because that needs far more memory than the body. */
  function decodeInTurn(...given: Parameters<typeof decode>): ReturnType<typeof decode> {
    return new Promise((resolve, reject) => {
      void turns.run(() => decode(...given).then(resolve, reject));
    });
  }

  return async function answerExport(request, response, foreign) {
    const codec = findCodec(request.headers['content-type']);
    const refuse = (why: Refusal, reason?: string) => {
      const [status, code, message] = refusals[why];
      response.statusCode = status;
      if (why === 'no memory' || why === 'no room') {
        response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
        intake.onRefused(why);
      }
      if (why === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
      if (why === 'method not allowed') response.setHeader('Allow', 'POST');
      // Otherwise Node.js reads the rest of the body, because closing a connection with unread bytes loses the response.
      if (why === 'stalled') response.setHeader('Connection', 'close');
      const { contentType, encodeStatus } = codec ?? jsonCodec;
      end(response, contentType, encodeStatus(code, reason ?? message));
    };

    if (foreign !== undefined) return refuse('foreign', foreign);
    if (!isAllowed(request.headers.authorization)) return refuse('unauthenticated');
    if (request.method !== 'POST') return refuse('method not allowed');
    if (!codec) return refuse('unknown type');
    const inflate = findInflate(request.headers['content-encoding']);
    if (!inflate) return refuse('unknown encoding');
    if (intake.isFull()) return refuse('no room');
    const problem = await readBody(request, async (body) => {
      const decoded = await decodeInTurn(body, inflate, codec);
      if (request.socket.destroyed) return; // without a response, the sender sends the export again
      if (!(decoded instanceof DecodedExport)) return refuse(...decoded);
      if (intake.isFull()) return refuse('no room');
      intake.accept(decoded);
      const { rejected, reasons } = decoded;
      for (const reason of reasons) intake.onUnread(reason);
      end(response, codec.contentType, codec.encodeAnswer(rejected, [...reasons].join('; ')));
    });
    if (problem !== undefined && problem !== 'cut off') refuse(problem);
  };
}

function end(response: ServerResponse, contentType: string, body: Uint8Array | string): void {
  response.setHeader('Content-Type', contentType);
  response.end(body);
}

/** Creates a check of the Authorization header that takes constant time. */
function createIsAllowed(token: string | undefined): (sent: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return (sent = '') => timingSafeEqual(digest(sent.replace(/^bearer +/i, 'Bearer ')), wanted);
}

/** Decompresses a body, to at most `maxBytes`. */
type Inflate = (body: Buffer, maxBytes: number) => Buffer | 'too large' | 'not inflated';

/** Node.js has zstd since 22.15. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync };

// Synchronous, because the asynchronous functions take longer: they hand over each 16 KiB to another thread.
const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', bounded(zlib.gunzipSync)],
  ['deflate', bounded(zlib.inflateSync)],
  ...(zstdDecompressSync ? [['zstd', bounded(zstdDecompressSync)] as const] : []),
  ['identity', (body) => body],
]);

/** The values of Content-Encoding that are accepted. */
const ENCODINGS: readonly string[] = [...INFLATE.keys()];

/** How to decompress a body with a `Content-Encoding`; `undefined` if it is not accepted. */
function findInflate(contentEncoding = ''): Inflate | undefined {
  return INFLATE.get(contentEncoding.trim().toLowerCase() || 'identity');
}

function bounded(inflate: typeof zlib.gunzipSync): Inflate {
  return (body, maxBytes) => {
    try {
      return inflate(body, { maxOutputLength: maxBytes });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'not inflated';
    }
  };
}
