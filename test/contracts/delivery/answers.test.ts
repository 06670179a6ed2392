import { expect, test } from 'vitest';
import { type Answer, openSender, type Reply } from '../doors/send.js';
import {
  allInvalid,
  bulks,
  counters,
  DATABASE_DIED,
  GIF,
  gaps,
  HANGING,
  MINUTE,
  NO_ANSWER,
  NOT_COUNTED,
  NOT_SENT,
  openFour,
  PAGE,
  putAll,
  ROLLED_BACK,
  SECOND,
  sizes,
  text,
  total,
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
/** The bulk goes behind the one that has not failed. */
const BEHIND: Expected = { sent: ['abcd', 'efgh', 'abcd'] };
const BEHIND_RESENT: Expected = { ...BEHIND, resent: 4 };
const later = (code: string, waits: number): Expected => ({
  sent: ['abcd', 'abcd', 'efgh'],
  waits,
  codes: [code, 'available-again'],
});
const UNAVAILABLE = later('unavailable', SECOND);
const HELD = later('request-rejected', 2 * SECOND);
const UNKNOWN: Expected = {
  sent: ['abcd', 'e', 'fgh'],
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
const CUT = unconfirmed('counters-changed');
const DEBUG = unconfirmed('tracker-debug');
const PHP = unconfirmed('php-output');
const NOTHING = accepted('nothing-confirmed');

const COUNTERS = '{"status":"success","tracked":3,"invalid":1}';
const ONE_INVALID: Expected = { counts: { tracked: 7, invalid: 1 }, codes: ['hits-invalid'] };
const DEPRECATED =
  '<br />\n<b>Deprecated</b>:  x is {"a":{}} in <b>/m/x.php</b> on line <b>3</b><br />\n';
const FATAL = '<br />\n<b>Fatal error</b>:  x in <b>/m/x.php</b> on line <b>3</b><br />\n';
const VISIT_IS_KNOWN = 'Visit is known (IP = 1.2.3.4)';

type Row = readonly [name: string, answer: Reply, expected: Expected];

/** Alike, whether Matomo has tracked hits before or not. */
const ALWAYS: readonly Row[] = [
  ['all tracked', counters(4), {}],
  ['one invalid', counters(3, 1), ONE_INVALID],
  [
    'two neither tracked nor invalid',
    counters(1, 1),
    {
      counts: { tracked: 5, invalid: 1 },
      lost: { unconfirmed: 2 },
      codes: ['unconfirmed', 'hits-invalid'],
    },
  ],
  ['more tracked than were sent', counters(5, 2), {}],
  ['more invalid than were sent', counters(3, 2), ONE_INVALID],
  ['counters below 0', counters(-1, 5), CUT],
  ['counters that are not whole', counters(1.5, 1), CUT],
  ...[201, 202, 203].map(
    (status): Row => [`${status}`, { ...counters(3, 1), status }, ONE_INVALID],
  ),
  ['counters as HTML', text(200, COUNTERS), ONE_INVALID],
  [
    'counters with spaces',
    text(200, ' { "status" : "success",\n"tracked" : 3, "invalid" : 1 }\r\n'),
    ONE_INVALID,
  ],
  ['counters of a super user', counters(3, 1, [2]), ONE_INVALID],
  ['a BOM', text(200, `\ufeff${COUNTERS}`), ONE_INVALID],
  ['a message of PHP before', text(200, DEPRECATED + COUNTERS), ONE_INVALID],
  ['a message of PHP after', text(200, COUNTERS + DEPRECATED), ONE_INVALID],
  ['a fatal error after', text(200, COUNTERS + FATAL), ONE_INVALID],
  [
    'the script of a hoster after',
    text(200, `${COUNTERS}<script>if(a){b={"status":"ok"}}</script>`),
    ONE_INVALID,
  ],
  ['a page around', text(200, `<!DOCTYPE html><html>${COUNTERS}</html>`), ONE_INVALID],
  ['debug output around', text(200, `DEBUG: a {}\n${COUNTERS}\nDEBUG: b`), ONE_INVALID],
  [
    'counters that do not add up before',
    text(200, `{"status":"success","tracked":0,"invalid":0}${COUNTERS}`),
    ONE_INVALID,
  ],
  [
    'counters that do not add up after',
    text(200, `${COUNTERS}{"status":"success","tracked":9,"invalid":0}`),
    ONE_INVALID,
  ],
  [
    'indices that are cut off',
    text(200, '{"status":"success","tracked":3,"invalid":1,"invalid_indices":[2'),
    ONE_INVALID,
  ],
  ['counters and 500, because PHP failed later', text(500, COUNTERS), ONE_INVALID],
  ['counters and 502', text(502, COUNTERS), BEHIND_RESENT],
  ['counters and 504', text(504, COUNTERS), UNKNOWN],
  ['counters and 400', text(400, COUNTERS), BEHIND],
  ['no hit counted', NOT_COUNTED, BEHIND_RESENT],

  ['rolled back', ROLLED_BACK, BEHIND],
  ['rolled back with 200', text(200, '{"status":"error","tracked":4,"invalid":0}'), BEHIND],
  [
    'rolled back with 200, behind a message',
    text(200, `${DEPRECATED}{"status":"error","tracked":4,"invalid":0}`),
    BEHIND,
  ],
  ['500 without a body', text(500), BEHIND],
  ['an SQL state', DATABASE_DIED, BEHIND],
  [
    'an SQL state behind a message',
    { ...DATABASE_DIED, body: `${DEPRECATED}${DATABASE_DIED.body}` },
    BEHIND,
  ],
  ...[400, 402, 403, 404, 405, 418, 422, 431, 451, 499].map(
    (status): Row => [`${status}`, text(status, '<h1>No</h1>'), BEHIND],
  ),
  ...[502, 505, 507, 520, 522, 599].map(
    (status): Row => [`${status}`, text(status, '<h1>No</h1>'), BEHIND_RESENT],
  ),
  ['a page', PAGE, BEHIND_RESENT],
  ['a page with 202', text(202, '<p>', 'Text/HTML; charset=utf-8'), BEHIND_RESENT],
  ['a page with a message of PHP', text(200, `${DEPRECATED}<!DOCTYPE html><html>`), BEHIND_RESENT],
  ['a page about debugging', text(200, '<html><pre>DEBUG: x</pre>'), BEHIND_RESENT],
  ['a page about SQL states', text(200, '<p>Error:SQLSTATE'), BEHIND_RESENT],
  ['a fatal error of PHP', text(200, `DEBUG: a\n${FATAL}`), BEHIND_RESENT],

  ['413', text(413), { sent: ['abcd', 'ab', 'cd', 'efgh'] }],
  ...[408, 429, 501, 503].map((status): Row => [`${status}`, text(status), UNAVAILABLE]),
  ['no connection', NOT_SENT, later('unreachable', SECOND)],
  ['401', text(401), HELD],
  ['401 of a proxy', { ...text(401), authenticate: 'Basic realm="x"' }, HELD],
  ...[300, 301, 302, 303, 307, 308, 399].map(
    (status): Row => [
      `${status}`,
      { ...text(status), location: 'https://other.example/' },
      later('redirected', 2 * SECOND),
    ],
  ),
  ['a redirect to nowhere', text(302), later('redirected', 2 * SECOND)],
  ['a lost connection', NO_ANSWER, UNKNOWN],
  ['504', text(504), UNKNOWN],

  ...[200, 201, 202].map(
    (status): Row => [
      `counters that are cut off, with ${status}`,
      text(status, COUNTERS.slice(0, -3)),
      CUT,
    ],
  ),
  [
    'counters in a text of JSON',
    text(200, JSON.stringify({ body: COUNTERS }), 'application/json'),
    CUT,
  ],
  ['counters with HTML entities', text(200, COUNTERS.replaceAll('"', '&quot;')), CUT],
  ['debug output', text(200, `DEBUG: ${VISIT_IS_KNOWN}\n`, 'text/plain'), DEBUG],
  ['debug output as HTML', text(200, `x<br />\r\nDEBUG: ${VISIT_IS_KNOWN}<br />`), DEBUG],
  ['debug output in bold', text(200, `<b>DEBUG</b>: ${VISIT_IS_KNOWN}<br>`), DEBUG],
  [
    'debug output of Monolog',
    text(200, `[2026-11-20T10:00:00.123456+00:00] piwik.DEBUG: ${VISIT_IS_KNOWN} [] []`),
    DEBUG,
  ],
  [
    'debug output in the format of log files',
    text(200, `DEBUG Piwik\\Tracker[2026-11-20 10:00:00 UTC] [a1] ${VISIT_IS_KNOWN}`),
    DEBUG,
  ],
  [
    'debug output in a page',
    text(200, '<html><pre>Debug enabled - Input parameters: array (\n)'),
    DEBUG,
  ],
  ['debug output and a message of PHP', text(200, `${DEPRECATED}DEBUG: ${VISIT_IS_KNOWN}`), DEBUG],
  ['a message of PHP', text(200, DEPRECATED), PHP],
  [
    'a message of PHP as text',
    text(200, '\nWarning: foo() in /m/x.php on line 12\n', 'text/plain'),
    PHP,
  ],
  ['a message of PHP as a log', text(200, 'PHP Notice:  foo in /m/x.php on line 12'), PHP],
];

/** Before Matomo has tracked a hit of this process. */
const AT_FIRST: readonly Row[] = [
  ['an image', GIF, NOTHING],
  ['an image under another type', { ...GIF, contentType: 'text/html' }, NOTHING],
  ['an image without its first bytes', { ...GIF, body: 'x' }, NOTHING],
  ['204', text(204), NOTHING],
  ['an empty answer', text(200), NOTHING],
  ['a BOM and line breaks', text(200, '\ufeff\r\n'), NOTHING],
  [
    'every hit invalid without a token',
    counters(0, 4),
    { counts: { tracked: 4, invalid: 4 }, codes: ['site-unknown', 'hits-invalid'] },
  ],
];

/** After it. */
const LATER: readonly Row[] = [
  ['an image', GIF, accepted()],
  ['204', text(204), accepted()],
  [
    'every hit invalid without a token',
    counters(0, 4),
    { counts: { tracked: 4, invalid: 4 }, codes: ['hits-invalid'] },
  ],
  ['201 with a text', text(201, 'created', 'text/plain'), accepted('not-matomo')],
  ['202 with a text', text(202, 'queued', 'text/plain'), accepted('not-matomo')],
  [
    '200 with a text',
    text(200, 'queued', 'text/plain'),
    { ...accepted('not-matomo', 'available-again'), waits: SECOND },
  ],
  [
    '203 with a text',
    text(203, 'queued', 'text/plain'),
    { ...accepted('not-matomo', 'available-again'), waits: SECOND },
  ],
  [
    'JSON of something else',
    text(200, '{"ok":true}', 'application/json'),
    { ...accepted('not-matomo', 'available-again'), waits: SECOND },
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

test.each([...ALWAYS, ...AT_FIRST])('%s', async (_name, answer, expected) => {
  await check(answer, expected, []);
});

test.each([...ALWAYS, ...LATER])(
  '%s, after Matomo has tracked hits',
  async (_name, answer, expected) => {
    await check(answer, expected, [tracked]);
  },
);

test.each<[string, Answer]>([
  ['a text', text(200, 'OK', 'text/plain')],
  ['no type', text(200, 'OK', '')],
  ['JSON of something else', text(200, '{"ok":true}', 'application/json')],
  ['an error of something else', text(200, 'Error: 42', 'text/plain')],
  ['JSON that is cut off', text(200, '{"status":"success","tra', 'application/json')],
  ['201 with a text', text(201, 'created', 'text/plain')],
])(
  '%s before any hit was tracked: a wrong address, of which one hit at a time is tried',
  async (_name, answer) => {
    const sender = openFour([answer, answer, answer, tracked]);
    putAll(sender, 'abcdefgh');
    await sender.advance(5 * MINUTE);
    expect(sizes(sender).slice(0, 4)).toEqual([4, 1, 1, 1]);
    expect(gaps(sender).slice(0, 3)).toEqual([2 * SECOND, 4 * SECOND, 8 * SECOND]);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 8, resent: 0 });
    expect(sender.codes()).toEqual(['not-matomo', 'available-again']);
  },
);

test('no answer within the time-out: unconfirmed, and one hit follows after a wait', async () => {
  const sender = openFour([HANGING, tracked], { options: { exportTimeoutMillis: 10 * SECOND } });
  putAll(sender, 'abcdefgh');
  await sender.advance(9 * SECOND);
  expect(sender.counts()).toMatchObject({ pending: 8 });
  await sender.advance(MINUTE);
  expect(bulks(sender)).toEqual(['abcd', 'e', 'fgh']);
  expect(gaps(sender)).toEqual([11 * SECOND, 0]);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 4, lost: { unconfirmed: 4 } });
});

test.each<[string, Answer]>([
  ['no answer', NO_ANSWER],
  ['504', text(504)],
])(
  '%s with resendUnconfirmed: the bulk is sent again after a wait, and counts as resent',
  async (_name, answer) => {
    const sender = openFour([answer, answer, tracked], { options: { resendUnconfirmed: true } });
    putAll(sender, 'abcdefgh');
    await sender.advance(MINUTE);
    expect(bulks(sender)).toEqual(['abcd', 'abcd', 'abcd', 'efgh']);
    expect(gaps(sender)).toEqual([SECOND, 2 * SECOND, 0]);
    expect(sender.counts()).toMatchObject({
      pending: 0,
      tracked: 8,
      resent: 8,
      lost: { unconfirmed: 0 },
    });
    expect(sender.codes()).toEqual(['no-answer', 'available-again']);
  },
);

test('counters of an answer that has no end prove what is stored, also with resendUnconfirmed', async () => {
  const sender = openFour(({ names }) => ({ ...counters(names.length), error: 'no answer' }), {
    options: { resendUnconfirmed: true },
  });
  putAll(sender, 'abcdefgh');
  await sender.advance(MINUTE);
  expect(bulks(sender)).toEqual(ONCE);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 8, resent: 0 });
  expect(sender.codes()).toEqual([]);
});

test.each<[string, Answer]>([
  ['debug output', text(200, `DEBUG: ${VISIT_IS_KNOWN}`)],
  ['messages of PHP', text(200, DEPRECATED)],
  ['counters that are cut off', text(200, COUNTERS.slice(0, -3))],
])(
  '%s: ten requests are sent once, also with resendUnconfirmed, and one line says why',
  async (_name, answer) => {
    const sender = openSender({
      options: { resendUnconfirmed: true, maxExportBatchSize: 1 },
      answers: answer,
    });
    putAll(sender, 'abcdefghij');
    await sender.advance(5 * MINUTE);
    expect(bulks(sender)).toEqual([...'abcdefghij']);
    expect(sender.counts()).toMatchObject({ lost: { unconfirmed: 10 }, resent: 0 });
    expect(new Set(sender.codes()).size).toBe(2);
  },
);

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
    sender.put({
      site: 1,
      visitor: 'v',
      startSeconds: Date.now() / 1000,
      kind: 'action',
      query: `?h=a${more}`,
    });
  await sender.advance(MINUTE);
  expect(sender.counts()).toMatchObject({ tracked: 2, invalid: 2 });
  expect(['goal 77', 'order O-125', 'goal 5'].map(sender.hasLogged)).toEqual([true, true, false]);
});

test('no line contains the token, whatever the server repeats', async () => {
  for (const answer of [
    { ...text(302), location: 'https://u:s3cret@m.example/s3cret/login?token_auth=s3cret' },
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

test('hits are accounted for while they are sent', async () => {
  const sender = openFour({ ...counters(4), takesMillis: SECOND });
  putAll(sender, 'abcdefgh');
  for (let i = 0; i < 30; i++) {
    await sender.advance(100);
    expect(total(sender)).toBe(8);
  }
  expect(sender.counts()).toMatchObject({ tracked: 8 });
});
