import { expect, test } from 'vitest';
import type { MessageCode } from '../../../src/common/messages.js';
import { hasTextAround, interpretAnswer } from '../../../src/delivery/answer/interpret-answer.js';
import type { Exchange } from '../../../src/delivery/http/transport.js';
import { answer, DATABASE_DIED, noAnswer, notSent } from '../../support/scripted-transport.js';

const known = { sent: 3, hasToken: false, hasTracked: false };
const counters = (tracked: number, invalid: number) =>
  answer(200, { status: 'success', tracked, invalid });

const processed = (tracked: number, invalid: number, unconfirmed = 0) => ({
  kind: 'processed',
  tracked,
  invalid,
  unconfirmed,
});

const PAGE = { kind: 'failed', code: 'not-matomo', mayBeStored: true };
/** Processed by Matomo, which did not say how: never sent again. */
const unconfirmed = (code: MessageCode) => ({ ...processed(0, 0, 3), warning: { code } });
const CUT_OFF = unconfirmed('counters-changed');
const NOTHING = { kind: 'accepted', warning: { code: 'nothing-confirmed' } };

test.each([
  ['all tracked', counters(3, 0), processed(3, 0)],
  ['some invalid', counters(2, 1), processed(2, 1)],
  ['some lost inside', counters(2, 0), processed(2, 0, 1)],
  ['more than was sent', counters(5, 2), processed(3, 0)],
  ['fewer than none', counters(-1, 4), CUT_OFF],
  ['half of a hit', counters(1.5, 1), CUT_OFF],
  ['not counted', counters(0, 0), { kind: 'not_counted' }],
  ['QueuedTracking', answer(200, 'GIF89a', 'image/gif'), NOTHING],
  ['an image under another type', answer(200, 'GIF89a'), NOTHING],
  ['204', answer(204), NOTHING],
  ['an empty answer', answer(200), NOTHING],
  ['a BOM and line breaks', answer(200, '\ufeff\r\n'), NOTHING],
  ...[201, 202, 203].flatMap((status): [string, Exchange, object][] => [
    [
      `${status} with counters`,
      answer(status, { status: 'success', tracked: 2, invalid: 1 }),
      processed(2, 1),
    ],
    [
      `${status} without`,
      answer(status, 'created', 'text/plain'),
      { kind: 'misconfigured', code: 'not-matomo' },
    ],
    [`${status} cut off`, answer(status, '{"status":"success","tracked":3'), CUT_OFF],
  ]),
  [
    'a database that died',
    answer(200, DATABASE_DIED),
    {
      kind: 'failed',
      code: 'rolled-back',
      reason: expect.stringContaining('SQLSTATE[HY000]'),
    },
  ],
  ['an error of something else', answer(200, 'Error: 42', 'text/plain'), { kind: 'misconfigured' }],
  ['a page about SQLSTATE', answer(200, '<p>Error:SQLSTATE'), PAGE],
  ['a page', answer(200, '<html>'), PAGE],
  ['a page with 202', answer(202, '<p>', 'Text/HTML; charset=utf-8'), PAGE],
  [
    'counters as HTML',
    answer(200, '{"status":"success","tracked":3,"invalid":0}'),
    { kind: 'processed', tracked: 3 },
  ],
  ['JSON of something else', answer(200, { ok: true }), { kind: 'misconfigured' }],
  [
    'cut-off JSON',
    answer(200, '{"status":"success","tra', 'application/json'),
    { kind: 'misconfigured' },
  ],
  [
    '500 with JSON',
    answer(500, { status: 'error', tracked: 2, invalid: 0 }),
    { kind: 'rolled_back' },
  ],
  ['500, empty', answer(500), { kind: 'rolled_back' }],
  ['502', answer(502, '<html>'), { kind: 'failed', mayBeStored: true }],
  ['501', answer(501), { kind: 'unavailable' }],
  ['505', answer(505), { kind: 'failed', mayBeStored: true }],
  ['503', answer(503), { kind: 'unavailable' }],
  ['429', answer(429), { kind: 'unavailable' }],
  ['408', answer(408), { kind: 'unavailable' }],
  ['504', answer(504), { kind: 'unconfirmed' }],
  ['413', answer(413), { kind: 'too_large' }],
  ['400', answer(400, '<info>'), { kind: 'failed' }],
  ['401', answer(401), { kind: 'misconfigured' }],
  ['403', answer(403), { kind: 'failed' }],
  [
    'nothing sent',
    notSent,
    { kind: 'unavailable', reason: expect.stringContaining('ECONNREFUSED') },
  ],
  ['no answer', noAnswer, { kind: 'unconfirmed' }],
])('%s', (_name, exchange, result) => {
  expect(interpretAnswer(exchange, known)).toMatchObject(result);
});

test('all invalid without a token: counted, and the site may not exist', () => {
  const result = interpretAnswer(counters(0, 3), known);
  expect(result).toMatchObject({
    kind: 'processed',
    invalid: 3,
    warning: { code: 'site-unknown' },
  });
});

test.each([
  ['Basic realm="s3cret"', /\(Basic\)$/],
  ['s3cret', /status 401 \(3 hits\)$/],
  [undefined, /status 401 \(3 hits\)$/],
])('401 with WWW-Authenticate: %s', (authenticate, reason) => {
  const result = interpretAnswer({ ...answer(401), authenticate } as Exchange, known);
  expect(result).toMatchObject({ kind: 'misconfigured', code: 'request-rejected' });
  expect((result as { reason: string }).reason).toMatch(reason);
  expect((result as { reason: string }).reason).not.toContain('s3cret');
});

test.each([
  ['never worked: held back', false, { kind: 'token_rejected' }],
  ['has worked: each hit may be bad by itself', true, { kind: 'all_invalid' }],
])('all invalid with a token that %s', (_what, hasTracked, result) => {
  const given = { ...known, hasToken: true, hasTracked };
  expect(interpretAnswer(counters(0, 3), given)).toMatchObject(result);
});

test.each<[string, Exchange, object]>([
  ['a page', answer(200, '<html>'), PAGE],
  ['201', answer(201, 'created', 'text/plain'), { kind: 'accepted', isDoubtful: false }],
  ['202', answer(202, 'queued', 'text/plain'), { kind: 'accepted', isDoubtful: false }],
  ['a database that died', answer(200, DATABASE_DIED), { kind: 'failed' }],
])('%s where Matomo has tracked before', (_name, exchange, expected) => {
  const result = interpretAnswer(exchange, { ...known, hasTracked: true });
  expect(result).toMatchObject(expected);
  if (result.kind === 'accepted') expect(result.warning?.code).toBe('not-matomo');
});

test('nothing of the body of a failed database is repeated but the state', () => {
  const result = interpretAnswer(answer(200, `${DATABASE_DIED} at s3cret`), known);
  expect(result).toHaveProperty(
    'reason',
    "Matomo's database failed (SQLSTATE[HY000]) and none of 3 hits was stored",
  );
});

const COUNTERS = '{"status":"success","tracked":2,"invalid":1}';
const SUPER_USERS = '{"status":"success","tracked":2,"invalid":1,"invalid_indices":[1]}';
const DEPRECATED =
  '<br />\n<b>Deprecated</b>:  {"a":{}} in <b>/m/x.php</b> on line <b>3</b><br />\n';

test.each([
  ['nothing else', COUNTERS],
  ['white space', ' { "status" : "success",\n"tracked" : 2, "invalid" : 1 }\r\n'],
  ['a BOM', `\ufeff${COUNTERS}`],
  ['a message of PHP before', DEPRECATED + COUNTERS],
  ['a message of PHP after', COUNTERS + DEPRECATED],
  ['messages before and after', DEPRECATED + SUPER_USERS + DEPRECATED],
  ['the script of a hoster', `${COUNTERS}<script>if(a){b={"status":"ok"}}</script>`],
  ['a comment', `<!-- {cached} -->${COUNTERS}<!-- "status" -->`],
  ['another object before', `{"status":"ok"}${COUNTERS}`],
  ['another object after', `${COUNTERS}{"status":"ok","tracked":"no"}`],
  ['an object around', `{"answer":${COUNTERS},"status":"ok"}`],
  ['counters of somebody else before', `{"status":"success","tracked":0,"invalid":0}${COUNTERS}`],
  ['counters of somebody else after', `${COUNTERS}{"status":"success","tracked":9,"invalid":0}`],
  ['a page around', `<!DOCTYPE html><html><body>${COUNTERS}</body></html>`],
  ['debug output around', `DEBUG: a {}\n${COUNTERS}\nDEBUG: b`],
  ['indices that are cut off', `${SUPER_USERS.slice(0, -2)}`],
  ['text up to the limit', COUNTERS + ' {x} '.repeat(13_000)],
])('counters are read with %s', (_what, body) => {
  for (const type of ['text/html', 'application/json', 'text/plain', '']) {
    const result = interpretAnswer(answer(200, body, type), known);
    expect(result).toMatchObject(processed(2, 1));
  }
});

test.each([
  [SUPER_USERS, [1]],
  [SUPER_USERS + DEPRECATED, [1]],
  ['{"status":"success","tracked":1,"invalid":2,"invalid_indices":[0,2]}', [0, 2]],
  [COUNTERS, []],
])('%s says which hits are invalid', (body, invalidIndices) => {
  expect(interpretAnswer(answer(200, body), known)).toMatchObject({ invalidIndices });
});

test.each([
  [500, processed(2, 1)],
  [502, { kind: 'failed' }],
  [504, { kind: 'unconfirmed' }],
])('PHP fails after it answered, so counters are believed with 500 alone: %i', (status, result) => {
  expect(interpretAnswer(answer(status, COUNTERS), known)).toMatchObject(result);
});

test.each(['', DEPRECATED])('an error is none that was tracked, with %j before it', (before) => {
  const body = `${before}{"status":"error","tracked":3,"invalid":0}`;
  expect(interpretAnswer(answer(200, body), known)).toMatchObject({ kind: 'rolled_back' });
});

const DEBUG_ENABLED = 'Debug enabled - Input parameters: array (\n)';
test.each([
  ['lines', `DEBUG: ${DEBUG_ENABLED}\nDEBUG: Current datetime: 2026-11-20 10:00:00\n`],
  ['Monolog', `[2026-11-20T10:00:00.123456+00:00] piwik.DEBUG: Visit is known [] []\n`],
  ['older Monolog', '[2026-11-20 10:00:00] piwik.DEBUG: Visit is known [] []\n'],
  ['the format of log files', 'DEBUG Piwik\\Tracker[2026-11-20 10:00:00 UTC] [a1] Visit is known'],
  ['a line without a class', 'DEBUG [2026-11-20 10:00:00] Visit is known'],
  ['a format of their own', `10:00 debug | ${DEBUG_ENABLED}`],
  ['HTML', `<pre>DEBUG: Visit is known</pre>`],
  ['HTML lines', 'x<br />\r\nDEBUG: Visit is known<br />'],
  ['bold levels', '<b>DEBUG</b>: Visit is known<br>'],
  ['a message of PHP first', `${DEPRECATED}DEBUG: Visit is known`],
  ['a BOM', '\ufeffDEBUG: Visit is known'],
  ['a page around', `<html><pre>${DEBUG_ENABLED}</pre></html>`],
  ['a gif after it', 'DEBUG: Visit is known\nGIF89a'],
  ['more than the limit', `DEBUG: Visit is known\n`.repeat(3000)],
])('debug output of Matomo in %s means that the hits may be stored', (_what, body) => {
  for (const type of ['text/plain', 'text/html', 'application/json', '']) {
    for (const hasTracked of [false, true]) {
      const result = interpretAnswer(answer(200, body, type), { ...known, hasTracked });
      expect(result).toMatchObject(unconfirmed('tracker-debug'));
      expect(JSON.stringify(result)).not.toContain('Visit');
    }
  }
});

test.each([
  ['HTML', DEPRECATED],
  ['text', '\nWarning: foo() in /m/x.php on line 12\n'],
  [
    'a table of Xdebug',
    "<table class='xdebug-error'><th><span>( ! )</span> Notice: x in /m on line <i>1</i></th>",
  ],
  ['a log on stdout', 'PHP Notice:  foo in /m/x.php on line 12'],
])('messages of PHP as %s, instead of counters, mean the same', (_what, body) => {
  for (const type of ['text/html', 'application/json']) {
    const result = interpretAnswer(answer(200, body, type), known);
    expect(result).toMatchObject(unconfirmed('php-output'));
  }
});

test.each([
  ['JSON in a text of JSON', JSON.stringify({ body: COUNTERS })],
  ['HTML', COUNTERS.replaceAll('"', '&quot;')],
  ['a part', COUNTERS.slice(0, -12)],
  ['a small part, behind text', DEPRECATED + COUNTERS.slice(0, 30)],
])('counters that came as %s mean the same', (_what, body) => {
  expect(interpretAnswer(answer(200, body), known)).toMatchObject(CUT_OFF);
});

test.each([
  ['a page with a message of PHP', `${DEPRECATED}<!DOCTYPE html><html>`, PAGE],
  ['a page about debugging', '<html><pre>DEBUG: x</pre>', PAGE],
  ['a script', 'const DEBUG = 1; // DEBUG: x', PAGE],
  ['a warning of something else', 'Warning: closed', PAGE],
  [
    'a fatal error',
    'DEBUG: a\n<b>Fatal error</b>:  x in <b>y</b> on line <b>3</b>',
    { kind: 'failed', code: 'rolled-back', mayBeStored: true },
  ],
  [
    'a database that died behind a message',
    `${DEPRECATED}${DATABASE_DIED}`,
    { kind: 'failed', code: 'rolled-back' },
  ],
])('%s is no confirmation', (_what, body, expected) => {
  expect(interpretAnswer(answer(200, body), known)).toMatchObject(expected);
});

test('nothing is confirmed: said as long as Matomo has tracked no hit', () => {
  const given = { ...known, hasTracked: true };
  expect(interpretAnswer(answer(204), given)).toEqual({ kind: 'accepted' });
});

test('a server that repeats the token does not get it into a message', () => {
  const given = { ...known, hasToken: true, token: 's3cret' };
  const location = '/s3cret/login';
  expect(interpretAnswer({ ...answer(302), location }, given)).toMatchObject({
    reason: expect.stringContaining('redirects to /…/login'),
  });
  const page = interpretAnswer(answer(200, 'x', 'text/s3cret'), given);
  expect(page).toMatchObject({ reason: expect.stringContaining('(text/…)') });
});

test('a redirect is named without its query and credentials', () => {
  const location = 'https://u:s3cret@m.example/matomo.php;token_auth=s3cret?x=s3cret';
  expect(JSON.stringify(interpretAnswer({ ...answer(302), location }, known))).not.toContain(
    's3cret',
  );
  const other = { ...answer(301), location: 'https://other.example/matomo.php?secret=1' };
  expect(interpretAnswer(other, known)).toMatchObject({
    kind: 'misconfigured',
    reason: expect.stringMatching(/https:\/\/other\.example\/matomo\.php(?!\?)/),
  });
});

test.each([
  [COUNTERS, false],
  [` ${SUPER_USERS}\r\n`, false],
  [COUNTERS + DEPRECATED, true],
  [`<!-- -->${COUNTERS}`, true],
  [DEPRECATED, false],
])('%j: text around counters is %s', (body, isAround) => {
  expect(hasTextAround(body)).toBe(isAround);
  expect(hasTextAround(body)).toBe(isAround);
});
