import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * An answer to be given instead of Matomo's own, to see what a sender makes of it.
 *
 * Where neither `status`, `body` nor `disconnect` is given, the hits are processed and answered as
 * usual, only later.
 */
export interface PlayedAnswer {
  /** Default: 200, or the tracker's own where the hits are processed. */
  readonly status?: number;
  /** Default: empty, or the tracker's own where the hits are processed. */
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  /** Default: text/html, or the tracker's own where the hits are processed. */
  readonly contentType?: string;
  /** Wait before the answer. The hits are processed before it. */
  readonly delayMillis?: number;
  /** After so many requests Matomo answers again. Default: until `play()`. */
  readonly times?: number;
  /** Processes the hits although it answers so: a gateway's 504 after the commit. */
  readonly store?: boolean;
  /**
   * Closes the connection: `before` the body is read, `after-request` without an answer, or
   * `mid-response` after the headers and half of the body.
   */
  readonly disconnect?: 'before' | 'after-request' | 'mid-response';
}

/** Status, type and body of an answer of the tracker. */
export interface TrackerAnswer {
  readonly status: number;
  readonly contentType?: string;
  /** Of an answer that is another Matomo's. Default: its own. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body: string | Uint8Array;
}

/** Whether a played answer leaves the processing of the hits as it is. */
export function storesHits(played: PlayedAnswer): boolean {
  const answers = played.status ?? played.body ?? played.disconnect;
  return played.store ?? answers === undefined;
}

/** Gives the played answer; `own` is the tracker's, where the hits were processed. */
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
