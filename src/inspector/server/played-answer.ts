import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { isUint8Array } from 'node:util/types';
import { show } from '../../common/diagnostics.js';
import { isRecord } from '../../common/is-record.js';
import {
  type InCode,
  option,
  type ResolvedValues,
  resolveInCode,
} from '../../options/declaration.js';
import { boolean, integer, oneOf } from '../../options/parse-values.js';
import { invalid, type Parser, parser } from '../../options/parser.js';
import { waitMillis } from './hit-log.js';

/** Declarations would show `Uint8Array` with a type parameter, which TypeScript before 5.7 does not know. */
interface Bytes extends Uint8Array {}

const toBody: Parser<string | Bytes> = parser('text or a Uint8Array', (value) =>
  typeof value === 'string' || isUint8Array(value) ? value : undefined,
);

const toHeaders: Parser<Readonly<Record<string, string>>> = parser(
  'an object of headers',
  (value, name) => {
    if (!isRecord(value)) return undefined;
    for (const [key, text] of Object.entries(value)) {
      if (!isHeader(key, text)) throw invalid(`${name}[${show(key)}]`, 'a valid header', text);
    }
    return { ...value } as Record<string, string>;
  },
);

const contentType = parser('a valid header', (value) =>
  isHeader('content-type', value) ? value : undefined,
);

function isHeader(name: string, value: unknown): value is string {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value as string);
    return typeof value === 'string';
  } catch {
    return false;
  }
}

const PLAYED = {
  /**
   * HTTP status.
   *
   * @default 200; the tracker's own if hits are processed
   */
  status: option(integer(200, 599)),
  /**
   * Body of the answer.
   *
   * @default empty; the tracker's own if hits are processed
   */
  body: option(toBody),
  /** Additional headers. */
  headers: option(toHeaders, { default: {} }),
  /**
   * Content type of the answer.
   *
   * @default 'text/html'; the tracker's own if hits are processed
   */
  contentType: option(contentType),
  /**
   * Wait before the answer, in milliseconds. Hits are processed before the wait.
   *
   * @default 0
   */
  delayMillis: option(waitMillis, { default: 0 }),
  /**
   * Number of requests to answer like this.
   *
   * @default all requests until the next call of `play()`
   */
  times: option(integer(1, Number.MAX_SAFE_INTEGER)),
  /**
   * Whether hits are processed all the same, such as by a Matomo behind a proxy that answers 504.
   *
   * @default true if none of `status`, `body` and `disconnect` is set
   */
  store: option(boolean),
  /**
   * Closes the connection: `before` reading the body, `after-request` without an answer, or `mid-response` after the
   * headers and half of the body.
   *
   * @default the connection is not closed
   */
  disconnect: option(oneOf('before', 'after-request', 'mid-response')),
};

/**
 * An answer to give instead of the tracker's own, to test how a sender reacts. If none of `status`, `body` and `disconnect`
 * is set, hits are processed and answered as usual, after `delayMillis`.
 *
 * @example
 * inspector.play({ status: 503, times: 2 }); // the third request is processed
 */
export interface PlayedAnswer extends InCode<typeof PLAYED> {}

/** A played answer after its check. */
export type ResolvedAnswer = ResolvedValues<typeof PLAYED>;

/** Checks and copies the argument of `play`. @throws OptionError naming property and value */
export function toPlayedAnswer(value: unknown): ResolvedAnswer {
  return resolveInCode('play()', PLAYED, value);
}

/** Status, type and body of an answer of the tracker. */
export interface TrackerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Whether hits are processed despite a played answer. */
export function storesHits(played: ResolvedAnswer): boolean {
  const answers = played.status ?? played.body ?? played.disconnect;
  return played.store ?? answers === undefined;
}

/** Sends a played answer. `own` is the tracker's answer, if the hits were processed. */
export async function playAnswer(
  response: ServerResponse,
  played: ResolvedAnswer,
  own?: TrackerAnswer,
): Promise<void> {
  if (played.delayMillis > 0) await wait(played.delayMillis, undefined, { ref: false });
  if (played.disconnect === 'after-request') {
    response.destroy();
    return;
  }
  const status = played.status ?? own?.status ?? 200;
  const hasBody = status !== 204 && status !== 304;
  const body = Buffer.from(hasBody ? (played.body ?? own?.body ?? '') : '');
  response.writeHead(status, {
    'Content-Type': played.contentType ?? own?.contentType ?? 'text/html',
    'Content-Length': body.length === 0 && played.disconnect ? 1 : body.length,
    ...played.headers,
  });
  if (played.disconnect === 'mid-response') {
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy());
  } else {
    response.end(body);
  }
}
