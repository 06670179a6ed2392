import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SerialQueue } from '../../common/serial-queue.js';
import { runInSlices } from '../../common/slices.js';
import { DetachedScope } from '../../common/timers.js';
import { findCodec, jsonCodec, OTLP_CODECS, type OtlpCodec } from '../otlp/codecs.js';
import { DecodedExport } from '../otlp/read-export.js';
import { UnreadableExport } from '../otlp/read-values.js';
import type { SpanSelection } from '../otlp/span-selection.js';
import type { ResolvedReceiver } from '../receiver-options.js';
import { type BodyMemory, type BodyProblem, ENCODINGS, readBody } from './read-body.js';

/** Takes decoded spans. */
export interface SpanIntake {
  readonly selection: SpanSelection;
  /** Whether there is room for more requests: their number, and the bytes of their spans. */
  hasRoom(requests: number, bytes: number): boolean;
  accept(decoded: DecodedExport): void;
  /** An export was refused because there is no room. Its sender has to send it again. */
  onRefused(): void;
}

/** Memory for bodies that are being read, as a multiple of `maxBodyBytes`. */
const MEMORY_OF_BODIES = 16;
const RETRY_AFTER_SECONDS = 5;

/** HTTP status and `google.rpc.Code` of each refusal. */
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
  const memory: BodyMemory = { freeBytes: MEMORY_OF_BODIES * maxBodyBytes };
  const turns = new SerialQueue({ scope: new DetachedScope('MatomoGateway') });

  /** Decodes one export after the other, because a decoded body needs far more memory than the body. */
  function decodeInTurn(body: Buffer, codec: OtlpCodec): Promise<DecodedExport | string> {
    return new Promise((resolve, reject) => {
      void turns.run(() => decode(body, codec, intake).then(resolve, reject));
    });
  }

  return async function answerExport(request, response, foreign) {
    const codec = findCodec(request.headers['content-type']);
    const refuse = (why: keyof typeof REFUSALS, message: string) => {
      const [status, code] = REFUSALS[why];
      response.statusCode = status;
      if (why === 'busy' || why === 'full') {
        response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
        intake.onRefused();
      }
      if (why === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
      if (why === 'method not allowed') response.setHeader('Allow', 'POST');
      // The body is read to its end, because closing a connection with unread bytes loses the response.
      request.resume();
      if (!request.complete) response.setHeader('Connection', 'close');
      const { contentType, encodeStatus } = codec ?? jsonCodec;
      end(response, contentType, encodeStatus(code, message));
    };

    if (foreign !== undefined) return refuse('foreign', foreign);
    if (!isAllowed(request.headers.authorization)) {
      return refuse('unauthenticated', 'the bearer token is missing or invalid');
    }
    if (request.method !== 'POST') return refuse('method not allowed', 'send spans by POST');
    if (!codec)
      return refuse('unsupported', `the content type must be ${CONTENT_TYPES.join(' or ')}`);
    if (!intake.hasRoom(1, 0)) return refuse('full', FULL);
    const problem = await readBody(request, maxBodyBytes, memory, async (body) => {
      const decoded = await decodeInTurn(body, codec);
      if (response.destroyed) return; // without a response, the sender sends the export again
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

const FULL = 'the queue is full until Matomo has processed pending hits; try again later';
const CONTENT_TYPES = OTLP_CODECS.map(({ contentType }) => contentType);

function end(response: ServerResponse, contentType: string, body: Uint8Array | string): void {
  response.setHeader('Content-Type', contentType);
  response.end(body);
}

function explainProblem(
  problem: Exclude<BodyProblem, 'cut off'>,
  maxBodyBytes: number,
): [keyof typeof REFUSALS, string] {
  switch (problem) {
    case 'too large':
      return ['too large', `the body must not exceed ${maxBodyBytes} bytes, compressed or not`];
    case 'unknown encoding':
      return ['unsupported', `the content encoding must be ${ENCODINGS.join(' or ')}`];
    case 'not inflated':
      return ['unreadable', 'the body does not match its content encoding'];
    case 'stalled':
      return ['stalled', 'the body did not arrive in time'];
    case 'no memory':
      return ['busy', 'too many exports at the same time; try again later'];
  }
}

/** Decodes an export. Returns the reason if it cannot be decoded. */
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

/** Creates a check of the Authorization header that takes constant time. */
function createIsAllowed(token: string | undefined): (sent: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return (sent = '') => timingSafeEqual(digest(sent.replace(/^bearer +/i, 'Bearer ')), wanted);
}
