import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as zlib from 'node:zlib';
import { collectBody } from '../../common/own-server.js';
import {
  type IsKept,
  type Reading,
  type ResourceSpans,
  UnreadableExport,
} from '../otlp/exported-span.js';
import { findFormat, json } from '../otlp/formats.js';
import type { ResolvedReceiver } from '../receiver-options.js';
import type { toReceivedSpans } from '../traces/received-span.js';

/** Receives decoded spans. */
export interface SpanIntake {
  /** Selects the attributes that are read. */
  readonly isKept: IsKept;
  /** Whether there is no room for more requests. */
  isFull(): boolean;
  /** Accepts the spans of an export, and counts them. */
  readonly accept: typeof toReceivedSpans;
  onRefused(cause: 'no room' | 'no memory'): void;
  /** Reports that an export, or a part of it, cannot be read. The sender gets the reason, too. */
  onUnread(reason: string): void;
}

/** Memory for bodies that are being read, as a multiple of `maxBodyBytes`. */
export const MEMORY_OF_BODIES = 16;
const IDLE_MILLIS = 5000;
const RETRY_AFTER_SECONDS = 5;

/** HTTP status, `google.rpc.Code` and message of each refusal. */
const REFUSALS = {
  unauthenticated: [401, 16, 'the bearer token is missing or invalid'],
  'method not allowed': [405, 12, 'send spans by POST'],
  stalled: [408, 4, 'the body did not arrive in time'],
  'too large': [413, 8, 'the body exceeds maxBodyBytes, compressed or not'],
  'unknown type': [415, 3, 'the content type must be application/x-protobuf or application/json'],
  'unknown encoding': [415, 3, 'the content encoding must be gzip, deflate or identity'],
  'not inflated': [400, 3, 'the body does not match its content encoding'],
  'no memory': [429, 8, 'too many exports at the same time; try again later'],
  'no room': [503, 14, 'there is no room until Matomo has processed hits; try again later'],
} satisfies Record<string, [status: number, code: number, message: string]>;

type Refusal = keyof typeof REFUSALS;

/** Answers export requests as OTLP/HTTP specifies. All spans of an export that is answered with 200 were passed to the intake. */
export function createAnswerExport(
  { bearerToken, maxBodyBytes }: Pick<ResolvedReceiver, 'bearerToken' | 'maxBodyBytes'>,
  intake: SpanIntake,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const isAllowed = createIsAllowed(bearerToken);
  /** Free memory for bodies. The limit is in bytes, so that clients that send a few bytes and stop do not block others. */
  let freeBytes = MEMORY_OF_BODIES * maxBodyBytes;

  let last: Promise<unknown> = Promise.resolve();
  /** Reads one export at a time, because its objects use several times the memory of its bytes. */
  function inTurn(read: () => Promise<void>): Promise<void> {
    const result = last.then(read);
    last = result.catch(() => undefined);
    return result;
  }

  return async function answerExport(request, response) {
    const format = findFormat(request.headers['content-type']);
    const { contentType, encodeStatus } = format ?? json;
    const inflate = INFLATE.get(request.headers['content-encoding']?.trim().toLowerCase() ?? '');
    function refuse(why: Refusal): void {
      const [status, code, message] = REFUSALS[why];
      if (why === 'no memory' || why === 'no room') {
        response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
        intake.onRefused(why);
      } else if (why !== 'method not allowed') intake.onUnread(message);
      if (why === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
      if (why === 'method not allowed') response.setHeader('Allow', 'POST');
      // For other refusals, Node.js reads the rest of the body, because closing a connection with unread bytes would lose the response.
      if (why === 'stalled') response.setHeader('Connection', 'close');
      end(status, encodeStatus(code, message));
    }
    function end(status: number, body: Uint8Array | string): void {
      response.writeHead(status, { 'Content-Type': contentType }).end(body);
    }

    if (!isAllowed(request.headers.authorization)) return refuse('unauthenticated');
    if (request.method !== 'POST') return refuse('method not allowed');
    if (!format) return refuse('unknown type');
    if (!inflate) return refuse('unknown encoding');
    if (intake.isFull()) return refuse('no room');
    if (Number(request.headers['content-length']) > maxBodyBytes) return refuse('too large');
    let reserved = 0;
    function reserve(bytes: number): boolean {
      freeBytes -= bytes;
      reserved += bytes;
      return freeBytes >= 0;
    }
    try {
      const limits = { maxBytes: maxBodyBytes, idleMillis: IDLE_MILLIS, reserve };
      const body = await collectBody(request, limits);
      if (body === 'cut off') return;
      if (typeof body === 'string') return refuse(body);
      await inTurn(async () => {
        if (request.socket.destroyed) return;
        if (intake.isFull()) return refuse('no room');
        const inflated = inflate(body, maxBodyBytes);
        const resources = await readInParts(format.read(inflated, intake.isKept));
        // A sender that gets no response sends the export again, so its spans must not be accepted.
        if (request.socket.destroyed) return;
        const { rejected, reasons } = intake.accept(resources, inflated.length);
        for (const reason of reasons) intake.onUnread(reason);
        end(200, format.encodeAnswer(rejected, [...reasons].join('; ')));
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE') return refuse('too large');
      if (code?.startsWith('Z_')) return refuse('not inflated');
      if (!(error instanceof UnreadableExport)) throw error;
      intake.onUnread(error.message);
      end(400, encodeStatus(3, error.message));
    } finally {
      freeBytes += reserved;
    }
  };
}

/** Reads in parts, and yields to the event loop after each part. */
async function readInParts(reading: Reading): Promise<readonly ResourceSpans[]> {
  let step = reading.next();
  while (!step.done) {
    await new Promise((resolve) => void setImmediate(resolve));
    step = reading.next();
  }
  return step.value;
}

/** Creates a check of the Authorization header that takes constant time. */
function createIsAllowed(token: string | undefined): (sent: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return (sent = '') => timingSafeEqual(digest(sent.replace(/^bearer +/i, 'Bearer ')), wanted);
}

/** Decompresses a body, to at most `maxBytes`. */
type Inflate = (body: Buffer, maxBytes: number) => Buffer;

/** Decompression by Content-Encoding. Synchronous, because the asynchronous functions pass each 16 KiB to another thread. */
const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', (body, maxOutputLength) => zlib.gunzipSync(body, { maxOutputLength })],
  ['deflate', (body, maxOutputLength) => zlib.inflateSync(body, { maxOutputLength })],
  ['identity', (body) => body],
  ['', (body) => body],
]);
