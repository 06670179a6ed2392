import { expect, test } from 'vitest';
import type { Reply } from '../doors/send.js';
import {
  allInvalid,
  bulks,
  counters,
  DATABASE_DIED,
  GIF,
  gaps,
  hit,
  MINUTE,
  NO_ANSWER,
  NOT_COUNTED,
  NOT_SENT,
  openFour,
  PAGE,
  putAll,
  ROLLED_BACK,
  SECOND,
  text,
  tracked,
} from './support.js';

/** What becomes of the first of two bulks. */
interface Expected {
  /** All requests. @default the two bulks, each sent once */
  readonly sent?: readonly string[];
  /** Between the first request and the second. @default 0 */
  readonly waits?: number;
  /** Besides the second bulk. @default all four hits are tracked */
  readonly counts?: object;
  readonly lost?: object;
  readonly resent?: number;
  readonly codes?: readonly string[];
}

const ONCE = ['abcd', 'efgh'];
/** The bulk is halved at once. */
const HALVED: Expected = { sent: ['abcd', 'ab', 'cd', 'efgh'] };
const HALVED_RESENT: Expected = { ...HALVED, resent: 4 };
const later = (code: string, waits: number): Expected => ({
  sent: ['abcd', 'abcd', 'efgh'],
  waits,
  codes: [code, 'available-again'],
});
const UNAVAILABLE = later('unavailable', SECOND);
const HELD = later('request-rejected', SECOND);
const UNKNOWN: Expected = {
  sent: ['abcd', 'h', 'efg'], // any hit is the first one
  waits: SECOND,
  counts: { tracked: 4 },
  lost: { unconfirmed: 4 },
  codes: ['no-answer', 'unconfirmed', 'available-again'],
};
const accepted = (...codes: string[]): Expected => ({
  counts: { tracked: 4, accepted: 4 },
  codes,
});
const unconfirmed = (code: string): Expected => ({
  counts: { tracked: 4 },
  lost: { unconfirmed: 4 },
  codes: [code, 'unconfirmed'],
});
const UNREADABLE = unconfirmed('not-matomo');
const NOTHING = accepted('nothing-confirmed');

const COUNTERS = '{"status":"success","tracked":3,"invalid":1}';
/** Counters of something else: they do not add up to what was sent. */
const OTHERS = '{"status":"success","tracked":9,"invalid":0}';
const ONE_INVALID: Expected = { counts: { tracked: 7, invalid: 1 }, codes: ['hits-invalid'] };
const ALL_INVALID = { tracked: 4, invalid: 4 };
const TWO_LEFT: Expected = {
  counts: { tracked: 5, invalid: 1 },
  lost: { unconfirmed: 2 },
  codes: ['unconfirmed', 'hits-invalid'],
};
const NOT_MATOMO = accepted('not-matomo');
const REDIRECTED = later('redirected', SECOND);
const NOTICE = '<br />\n<b>Deprecated</b>:  x is {"a":{}} in <b>/m</b> on line <b>3</b><br />\n';
const FATAL = '<br />\n<b>Fatal error</b>:  x in <b>/m</b> on line <b>3</b><br />\n';

type Row = readonly [name: string, answer: Reply, expected: Expected];

/** Alike, whether Matomo has tracked hits before or not. */
const ALWAYS: readonly Row[] = [
  ['all tracked', counters(4), {}],
  ['two neither tracked nor invalid', counters(1, 1), TWO_LEFT],
  ['more tracked than were sent', counters(5, 2), {}],
  ['more invalid than were sent', counters(3, 2), ONE_INVALID],
  ['counters below 0', counters(-1, 5), UNREADABLE],
  ['counters that are not whole', counters(1.5, 1), UNREADABLE],
  ['counters with 202', { ...counters(3, 1), status: 202 }, ONE_INVALID],
  ['counters with spaces', text(200, COUNTERS.replace(/[:{,]/g, ' $& ')), ONE_INVALID],
  ['counters of a super user', counters(3, 1, [2]), ONE_INVALID],
  ['debug output around', text(200, `DEBUG: a {}\n${COUNTERS}\nDEBUG: b`), ONE_INVALID],
  ['a fatal error after', text(200, COUNTERS + FATAL), ONE_INVALID],
  ['other counters before', text(200, OTHERS + COUNTERS), ONE_INVALID],
  ['other counters after', text(200, COUNTERS + OTHERS), ONE_INVALID],
  [
    'indices that are cut off',
    text(200, COUNTERS.replace('}', ',"invalid_indices":[2')),
    ONE_INVALID,
  ],
  ['counters and 500, because PHP failed later', text(500, COUNTERS), ONE_INVALID],
  ['counters and 502', text(502, COUNTERS), HALVED_RESENT],
  ['no hit counted', NOT_COUNTED, HALVED_RESENT],
  ['counters of an answer without an end', { ...counters(4), error: 'no answer' }, {}],

  ['rolled back', ROLLED_BACK, HALVED],
  ['rolled back with 200', text(200, '{"status":"error","tracked":4,"invalid":0}'), HALVED],
  ['an SQL state', DATABASE_DIED, HALVED],
  ['an SQL state behind a message', text(200, NOTICE + DATABASE_DIED.body), HALVED],
  ...[400, 403, 404, 499].map((status): Row => [`${status}`, text(status), HALVED]),
  ...[502, 505, 599].map((status): Row => [`${status}`, text(status), HALVED_RESENT]),
  ['a page', PAGE, HALVED_RESENT],
  ['a page with 202', text(202, '<html>', 'Text/HTML; charset=utf-8'), HALVED_RESENT],
  ['a page with a message of PHP', text(200, `${NOTICE}<!DOCTYPE html><html>`), HALVED_RESENT],
  ['a page about debugging', text(200, '<html><pre>DEBUG: x</pre>'), HALVED_RESENT],
  ['a page about SQL states', text(200, '<html>Error:SQLSTATE'), HALVED_RESENT],
  ['a fatal error of PHP', text(200, `DEBUG: a\n${FATAL}`), UNREADABLE],

  ['413', text(413), { sent: ['abcd', 'ab', 'cd', 'efgh'] }],
  ...[408, 429, 501, 503].map((status): Row => [`${status}`, text(status), UNAVAILABLE]),
  ['no connection', NOT_SENT, later('unreachable', SECOND)],
  ['401', text(401), HELD],
  ['300', { ...text(300), location: 'https://other.example/' }, REDIRECTED],
  ['399 to nowhere', text(399), REDIRECTED],
  ['a lost connection', NO_ANSWER, UNKNOWN],
  ['504', text(504), UNKNOWN],

  ['counters that are cut off', text(200, COUNTERS.slice(0, -3)), UNREADABLE],
  [
    'counters in JSON',
    text(200, JSON.stringify({ body: COUNTERS }), 'application/json'),
    UNREADABLE,
  ],
  ['debug output', text(200, 'DEBUG: Visit is known\n', 'text/plain'), UNREADABLE],
  ['debug output as HTML', text(200, 'x<br />\r\n<b>DEBUG</b>: Visit is known<br>'), UNREADABLE],
  ['a message of PHP', text(200, NOTICE), UNREADABLE],
  ['another text', text(200, 'OK', ''), UNREADABLE],
  ['201 with a text', text(201, 'created', 'text/plain'), NOT_MATOMO],
  ['202 with a text', text(202, 'queued', 'text/plain'), NOT_MATOMO],
  ['an image', { ...GIF, body: 'x' }, NOTHING],
  ['an image under another type', { ...GIF, contentType: 'text/html' }, NOTHING],
  ['204', text(204), NOTHING],
  ['line breaks', text(200, '\ufeff\r\n'), NOTHING],
  [
    'no valid hit',
    counters(0, 4),
    { counts: ALL_INVALID, codes: ['site-unknown', 'hits-invalid'] },
  ],
];

async function check(answer: Reply, expected: Expected, before: readonly Reply[]): Promise<void> {
  const sender = openFour([...before, answer, tracked]);
  for (const _ of before) putAll(sender, 'wxyz');
  await sender.advance(SECOND);
  putAll(sender, 'abcdefgh');
  await sender.advance(5 * MINUTE);
  expect(bulks(sender)).toEqual([...before.map(() => 'wxyz'), ...(expected.sent ?? ONCE)]);
  const wait = gaps(sender)[before.length] as number;
  expect(wait).toBeGreaterThanOrEqual(expected.waits ?? 0);
  expect(wait).toBeLessThan((expected.waits ?? 0) + 100);
  const { lost, resent, ...counts } = sender.counts();
  const own = { tracked: 8, accepted: 0, invalid: 0, pending: 0, ...expected.counts };
  expect(counts).toEqual({ ...own, tracked: own.tracked + 4 * before.length });
  expect(lost).toEqual({
    ...{ queue_full: 0, unconfirmed: 0, rejected: 0, too_large: 0, expired: 0, shutdown: 0 },
    ...expected.lost,
  });
  expect(resent).toBe(expected.resent ?? 0);
  expect([...new Set(sender.codes())].sort()).toEqual([...(expected.codes ?? [])].sort());
}

test.each(ALWAYS)('%s', async (_name, answer, expected) => {
  await check(answer, expected, []);
});

test.each(ALWAYS)('%s, after Matomo has tracked hits', async (_name, answer, expected) => {
  await check(answer, expected, [tracked]);
});

test('a hit that is too large alone is lost as too_large, and the others are tracked', async () => {
  const sender = openFour(({ names }) =>
    names.length > 2 || names.includes('c') ? text(413) : counters(names.length),
  );
  putAll(sender, 'abcdefgh');
  await sender.advance(MINUTE);
  expect(bulks(sender)).toEqual(['abcd', 'ab', 'cd', 'c', 'd', 'efgh', 'ef', 'gh']);
  expect(sender.counts()).toMatchObject({
    pending: 0,
    tracked: 7,
    lost: { too_large: 1 },
    resent: 0,
  });
  expect(sender.codes()).toEqual(['too-large']);
});

test('the line about invalid hits names those that Matomo names', async () => {
  const sender = openFour(counters(2, 2, [1, 3]));
  for (const more of ['', '&idgoal=77', '&idgoal=5', '&idgoal=0&ec_id=O-125'])
    sender.put(hit('a', { query: `?h=a${more}` }));
  await sender.advance(MINUTE);
  expect(sender.counts()).toMatchObject({ tracked: 2, invalid: 2 });
  expect(['goal 77', 'order O-125', 'goal 5'].map(sender.hasLogged)).toEqual([true, true, false]);
});

test('no line contains the token, whatever the server repeats', async () => {
  for (const answer of [
    { ...text(302), location: 'https://u:s3cret@m.example/s3cret/login?token_auth=s3cret' },
    { ...text(302), location: 'https://u:s3cret?s3cret@m.example/' },
    { ...text(302), location: 'https:u:s3cret@m.example/' },
    { ...text(401), authenticate: 's3cret' },
    text(200, 'x', 'text/s3cret'),
    text(200, 'Error:SQLSTATE[s3cret]', 'text/plain'),
    allInvalid,
  ]) {
    const sender = openFour(answer, { options: { tokenAuth: 's3cret' } });
    putAll(sender, 'abcd');
    await sender.advance(MINUTE);
    await sender.shutdown(SECOND);
    expect(sender.codes().length).toBeGreaterThan(0);
    expect(sender.hasLogged('s3cret')).toBe(false);
    expect(sender.requests()[0]).toMatchObject({ token: 's3cret' });
  }
});
