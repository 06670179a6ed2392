import type { Exchange, Transport } from '../../src/delivery/http/transport.js';

type Answer = Exchange | ((sent: number) => Exchange | Promise<Exchange>);

/** A transport that answers as a test says, and keeps what it was given. */
export interface ScriptedTransport extends Transport {
  /** Bodies in the order in which they were sent. */
  readonly bodies: { requests: string[]; token_auth?: string }[];
  /** Most requests that were under way at one time. */
  readonly mostInFlight: number;
  /** What the next requests get; the last one stays. A function sees how many hits were sent. */
  answer(...exchanges: Answer[]): void;
  /** Requests wait until this is called. */
  hold(): () => void;
}

export function scriptedTransport(): ScriptedTransport {
  const bodies: ScriptedTransport['bodies'] = [];
  let script: Answer[] = [processed];
  let held: Promise<void> | undefined;
  let closed = false;
  let release = () => {};
  let inFlight = 0;
  let mostInFlight = 0;
  return {
    bodies,
    get mostInFlight() {
      return mostInFlight;
    },
    answer(...exchanges) {
      script = exchanges;
    },
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    async send(body) {
      const parsed = JSON.parse(body.toString('utf8'));
      bodies.push(parsed);
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      await (held ?? Promise.resolve());
      inFlight -= 1;
      if (closed) return { kind: 'no_answer', error: new Error('closed') };
      const next = script.length > 1 ? script.shift() : script[0];
      return typeof next === 'function' ? next(parsed.requests.length) : (next as Exchange);
    },
    async close() {
      closed = true;
      release();
    },
  };
}

/** What Matomo answers to a bulk that it processed. */
export function processed(sent: number, invalid = 0): Exchange {
  return answer(200, { status: 'success', tracked: sent - invalid, invalid });
}

export function answer(
  status: number,
  body: object | string = '',
  contentType = typeof body === 'string' ? 'text/html' : 'application/json',
): Exchange & { kind: 'answer' } {
  return {
    kind: 'answer',
    status,
    contentType,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    location: undefined,
    retryAfter: undefined,
  };
}

/** The body of Matomo 5.2 if the database dies during a bulk. The status is 200, and nothing is stored. */
export const DATABASE_DIED =
  'Error:SQLSTATE[HY000]: General error: 2006 MySQL server has gone away';
