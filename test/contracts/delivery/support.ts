import type { Answer, Reply, Sender, SenderSetup, SentRequest, TextHit } from '../doors/send.js';
import { openSender } from '../doors/send.js';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

let made = 0;

/** A hit that is called so. By the first letter of its name: `A` is an order, `0` is for the AI chatbot reports, `a` is a page view. */
export function hit(name: string, overrides: Partial<TextHit> = {}): TextHit {
  made += 1;
  const isChatbot = /^\d/.test(name);
  const rest = isChatbot ? '&recMode=1' : /^[A-Z]/.test(name) ? `&idgoal=0&ec_id=${name}` : '';
  return {
    site: 1,
    client: 'c',
    visitor: 'v',
    startSeconds: Date.now() / 1000 + made / 1e6,
    kind: isChatbot ? 'chatbot' : 'action',
    query: `?h=${name}&idsite=1${rest}`,
    ...overrides,
  };
}

/** Puts one hit per letter, or per name. */
export function putAll(
  sender: Sender,
  names: Iterable<string>,
  overrides: Partial<TextHit> = {},
): void {
  for (const name of names) sender.put(hit(name, overrides));
}

/** `prefix1`, `prefix2` and so on. */
export function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
}

/** What was sent, one text per request. */
export function bulks(sender: Sender): string[] {
  return sender.sent().map((names) => names.join(''));
}

export function sizes(sender: Sender): number[] {
  return sender.sent().map(({ length }) => length);
}

/** How long nothing was sent before each request but the first. */
export function gaps(sender: Sender): number[] {
  const times = sender.requests().map(({ atMillis }) => Math.round(atMillis));
  return times.slice(1).map((time, i) => time - (times[i] as number));
}

export function openFour(
  answers: Reply | readonly Reply[],
  setup: Partial<SenderSetup> = {},
): Sender {
  const options = { maxExportBatchSize: 4, ...setup.options };
  return openSender({ ...setup, options, answers });
}

/** All hits that have a result or have none yet. */
export function total({ counts }: Sender): number {
  const { pending, tracked, accepted, invalid, lost } = counts();
  return pending + tracked + accepted + invalid + Object.values(lost).reduce((a, b) => a + b, 0);
}

/** An answer with the counters of Matomo. */
export function counters(tracked: number, invalid = 0, indices?: readonly number[]): Answer {
  const body = { status: 'success', tracked, invalid, invalid_indices: indices };
  return { status: 200, body: JSON.stringify(body), contentType: 'application/json' };
}

export const text = (status: number, body = '', contentType = 'text/html'): Answer => ({
  status,
  body,
  contentType,
});

/** Matomo tracks the whole bulk. */
export const tracked = ({ names }: SentRequest): Answer => counters(names.length);

/** Matomo rejects each hit. */
export const allInvalid = ({ names }: SentRequest): Answer => counters(0, names.length);

/** Gives this answer to a bulk with a bad hit, and tracks others. */
export function failsWith(answer: Answer, isBad = (name: string) => name.startsWith('bad')) {
  return (request: SentRequest): Answer => (request.names.some(isBad) ? answer : tracked(request));
}

// Recorded from Matomo 5.
export const ROLLED_BACK = text(
  500,
  '{"status":"error","tracked":1,"invalid":0}',
  'application/json',
);
export const NOT_COUNTED = counters(0);
export const DATABASE_DIED = text(
  200,
  'Error:SQLSTATE[HY000]: General error: 2006 MySQL server has gone away',
);
export const PAGE = text(200, '<!DOCTYPE html><html><body>Welcome</body></html>');
export const GIF = text(200, 'GIF89a\u0001', 'image/gif');
export const UNAVAILABLE = text(503);
export const NOT_SENT: Answer = { error: 'not sent' };
export const NO_ANSWER: Answer = { error: 'no answer' };
export const HANGING: Answer = {};
