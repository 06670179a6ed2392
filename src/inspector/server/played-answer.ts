import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { isUint8Array } from 'node:util/types';
import { show } from '../../common/diagnostics.js';
import { oneOf } from '../../options/parse-values.js';
import {
  flag,
  invalid,
  isRecord,
  parseOptions,
  waitMillis,
  wholeNumber,
} from '../parse-options.js';

/**
 * An answer to give instead of the tracker's own, to test how a sender reacts. If none of `status`, `body` and `disconnect`
 * is set, hits are processed and answered as usual, after `delayMillis`.
 *
 * @example
 * inspector.play({ status: 503, times: 2 }); // the third request is processed
 */
export interface PlayedAnswer {
  /**
   * HTTP status.
   *
   * @default 200; the tracker's own if hits are processed
   */
  readonly status?: number | undefined;
  /**
   * Body of the answer.
   *
   * @default empty; the tracker's own if hits are processed
   */
  readonly body?: string | Uint8Array | undefined;
  /** Additional headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Content type of the answer.
   *
   * @default 'text/html'; the tracker's own if hits are processed
   */
  readonly contentType?: string | undefined;
  /**
   * Wait before the answer, in milliseconds. Hits are processed before the wait.
   *
   * @default 0
   */
  readonly delayMillis?: number | undefined;
  /**
   * Number of requests to answer like this.
   *
   * @default all requests until the next call of `play()`
   */
  readonly times?: number | undefined;
  /**
   * Whether hits are processed all the same, such as by a Matomo behind a proxy that answers 504.
   *
   * @default true if none of `status`, `body` and `disconnect` is set
   */
  readonly store?: boolean | undefined;
  /**
   * Closes the connection: `before` reading the body, `after-request` without an answer, or `mid-response` after the
   * headers and half of the body.
   *
   * @default the connection is not closed
   */
  readonly disconnect?: 'before' | 'after-request' | 'mid-response' | undefined;
}

const PLAYED = {
  status: wholeNumber(200, 599),
  body(name: string, value: unknown): string | Uint8Array {
    if (typeof value === 'string' || isUint8Array(value)) return value;
    throw invalid(name, 'text or a Uint8Array', value);
  },
  headers(name: string, value: unknown): Readonly<Record<string, string>> {
    if (!isRecord(value)) throw invalid(name, 'an object of headers', value);
    for (const [key, text] of Object.entries(value)) header(`${name}[${show(key)}]`, text, key);
    return { ...value } as Record<string, string>;
  },
  contentType: header,
  delayMillis: waitMillis,
  times: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  store: flag,
  disconnect: oneOf('before', 'after-request', 'mid-response'),
};

/** Checks and copies the argument of `play`. @throws OptionError naming property and value */
export function toPlayedAnswer(value: unknown): PlayedAnswer {
  return parseOptions('play()', value, PLAYED);
}

function header(name: string, value: unknown, key = name): string {
  try {
    validateHeaderName(key);
    if (typeof value === 'string') validateHeaderValue(key, value);
  } catch {
    throw invalid(name, 'a valid header', value);
  }
  if (typeof value === 'string') return value;
  throw invalid(name, 'text', value);
}

/** Status, type and body of an answer of the tracker. */
export interface TrackerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Whether hits are processed despite a played answer. */
export function storesHits(played: PlayedAnswer): boolean {
  const answers = played.status ?? played.body ?? played.disconnect;
  return played.store ?? answers === undefined;
}

/** Sends a played answer. `own` is the tracker's answer, if the hits were processed. */
export async function playAnswer(
  response: ServerResponse,
  played: PlayedAnswer,
  own?: TrackerAnswer,
): Promise<void> {
  if (played.delayMillis !== undefined) await wait(played.delayMillis, undefined, { ref: false });
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
