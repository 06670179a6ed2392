import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DetachedScope } from '../../common/detached-scope.js';
import { SerialQueue } from '../../common/serial-queue.js';
import { runInSlices } from '../../common/slices.js';
import type { ResolvedReceiver } from '../gateway-options.js';
import { findCodec, jsonCodec, OTLP_CODECS, type OtlpCodec } from '../otlp/codecs.js';
import { DecodedExport, UnreadableExport } from '../otlp/decoded-export.js';
import type { SpanSelection } from '../otlp/span-selection.js';
import { BodyMemory } from './body-memory.js';
import { type BodyProblem, readBody } from './read-body.js';

/** Where decoded spans go. */
export interface SpanIntake {
  readonly selection: SpanSelection;
  /** Whether there is room for so many more requests with so many bytes of spans. */
  hasRoom(requests: number, bytes: number): boolean;
  accept(decoded: DecodedExport): void;
}

/** Memory for bodies that are being read, in units of the largest one. */
const MEMORY_OF_BODIES = 16;
const RETRY_AFTER_SECONDS = 5;

/** HTTP status and code of `google.rpc.Code`. */
const REFUSALS = {
  unreadable: [400, 3],
  unauthenticated: [401, 16],
  foreign: [403, 7],
  'method not allowed': [405, 12],
  stalled: [408, 4],
  'too large': [413, 8],
  unsupported: [415, 3],
  busy: [429, 8],
  failed: [500, 13],
  full: [503, 14],
} as const;

/**
 * Answers export requests as OTLP/HTTP specifies. Spans that are answered with 200 have been passed to the intake.
 *
 * @param foreign why the sender is refused, if it is
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
  const memory = new BodyMemory(MEMORY_OF_BODIES * maxBodyBytes);
  const inTurn = createInTurn();

  return async function answerExport(request, response, foreign) {
    const codec = findCodec(request.headers['content-type']);
    const refuse = (why: keyof typeof REFUSALS, message: string) => {
      const [status, code] = REFUSALS[why];
      response.statusCode = status;
      if (why === 'busy' || why === 'full') response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      if (why === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
      if (why === 'method not allowed') response.setHeader('Allow', 'POST');
      // Read to the end: a connection that is closed with unread bytes loses the response.
      request.resume();
      if (!request.complete) response.setHeader('Connection', 'close');
      const { contentType, encodeStatus } = codec ?? jsonCodec;
      end(response, contentType, encodeStatus(code, message));
    };

    if (foreign !== undefined) return refuse('foreign', foreign);
    if (!isAllowed(request.headers.authorization)) {
      return refuse('unauthenticated', 'the bearer token is missing or wrong');
    }
    if (request.method !== 'POST') return refuse('method not allowed', 'spans come by POST');
    if (!codec) return refuse('unsupported', `use ${CONTENT_TYPES.join(' or ')}`);
    if (!intake.hasRoom(1, 0)) return refuse('full', FULL);
    const problem = await readBody(request, maxBodyBytes, memory, async (body) => {
      const decoded = await inTurn(() => decode(body, codec, intake));
      if (response.destroyed) return; // the sender got no response, and sends the export again
      if (typeof decoded === 'string') return refuse('unreadable', decoded);
      if (!intake.hasRoom(decoded.requests, decoded.requestBytes)) return refuse('full', FULL);
      intake.accept(decoded);
      const { rejected, reasons } = decoded;
      end(response, codec.contentType, codec.encodeAnswer(rejected, [...reasons].join('; ')));
    });
    if (problem === undefined || problem === 'cut off') return;
    refuse(...explainProblem(problem, maxBodyBytes));
  };
}

const FULL = 'as many requests as fit wait for Matomo';
const CONTENT_TYPES = OTLP_CODECS.map(({ contentType }) => contentType);

function end(response: ServerResponse, contentType: string, body: Uint8Array | string): void {
  response.setHeader('Content-Type', contentType);
  response.end(body);
}

function explainProblem(
  problem: Exclude<BodyProblem, 'cut off'>,
  maxBytes: number,
): [keyof typeof REFUSALS, string] {
  switch (problem) {
    case 'too large':
      return ['too large', `a body has at most ${maxBytes} bytes, also inflated`];
    case 'unknown encoding':
      return ['unsupported', 'a body may be compressed with gzip or deflate'];
    case 'not inflated':
      return ['unreadable', 'the body is not compressed as it says'];
    case 'stalled':
      return ['stalled', 'the body stopped coming'];
    case 'no memory':
      return ['busy', 'too many bodies at a time'];
  }
}

/** Runs one task after the other, because a decoded body takes far more memory than the body. */
function createInTurn(): <T>(run: () => Promise<T>) => Promise<T> {
  const turns = new SerialQueue({ scope: new DetachedScope('MatomoGateway') });
  return (run) =>
    new Promise((resolve, reject) => {
      void turns.run(() => run().then(resolve, reject));
    });
}

/** Decodes an export; a string says why it cannot be decoded. */
async function decode(
  body: Buffer,
  codec: OtlpCodec,
  intake: SpanIntake,
): Promise<DecodedExport | string> {
  const decoded = new DecodedExport(intake.selection);
  try {
    await runInSlices(codec.read(body, decoded));
    return decoded;
  } catch (error) {
    if (error instanceof UnreadableExport) return error.message;
    throw error;
  }
}

/** Compares in constant time. */
function createIsAllowed(token: string | undefined): (given: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return (given = '') => timingSafeEqual(digest(given.replace(/^bearer +/i, 'Bearer ')), wanted);
}
