import { expect, test } from 'vitest';
import { interpretAnswer } from '../../../src/delivery/answer/interpret-answer.js';
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

test.each([
  ['all tracked', counters(3, 0), processed(3, 0)],
  ['some invalid', counters(2, 1), processed(2, 1)],
  ['some lost inside', counters(2, 0), processed(2, 0, 1)],
  ['more than was sent', counters(5, 2), processed(3, 0)],
  ['fewer than none', counters(-1, 4), { kind: 'unconfirmed' }],
  ['half of a hit', counters(1.5, 1), { kind: 'unconfirmed' }],
  ['not counted', counters(0, 0), { kind: 'not_counted' }],
  ['QueuedTracking', answer(200, 'GIF89a', 'image/gif'), { kind: 'accepted' }],
  ['204', answer(204), { kind: 'accepted' }],
  ...[201, 202, 203].flatMap((status): [string, Exchange, object][] => [
    [
      `${status} with counters`,
      answer(status, { status: 'success', tracked: 2, invalid: 1 }),
      processed(2, 1),
    ],
    [
      `${status} without`,
      answer(status, '', 'text/plain'),
      { kind: 'misconfigured', code: 'not-matomo' },
    ],
    [
      `${status} cut off`,
      answer(status, '{"status":"success","tracked":3'),
      { kind: 'unconfirmed' },
    ],
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
  ['an empty page with 202', answer(202, '', 'Text/HTML; charset=utf-8'), PAGE],
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

test('all invalid without a token: counted, and the site id is named', () => {
  const result = interpretAnswer(counters(0, 3), known);
  expect(result).toMatchObject({ kind: 'processed', invalid: 3 });
  expect(result).toHaveProperty('warning.reason', expect.stringContaining('siteId'));
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
  ['202', answer(202, '', 'text/plain'), { kind: 'accepted', isDoubtful: false }],
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

test.each([
  '<br />\n<b>Deprecated</b>: x in y.php on line 3<br />\n{"status":"success","tracked":3,"invalid":0}',
  '\ufeff{"status":"success","tracked":3,"invalid":0}',
  '{"status":"success","tracked":3,"invalid":0,"invalid_indices":[]}\n',
])('counters are read from %j', (body) => {
  expect(interpretAnswer(answer(200, body, 'text/html'), known)).toMatchObject({
    kind: 'processed',
    tracked: 3,
  });
});

test('an answer of Matomo’s that was cut off may hide that hits were stored', () => {
  expect(interpretAnswer(answer(200, '{"status":"success","tracked":3,"inv'), known).kind).toBe(
    'unconfirmed',
  );
});

test('a server that repeats the token does not get it into a message', () => {
  const given = { ...known, hasToken: true, token: 's3cret' };
  const location = '/s3cret/login';
  expect(interpretAnswer({ ...answer(302), location }, given)).toMatchObject({
    reason: expect.stringContaining('redirects to /…/login'),
  });
  const page = interpretAnswer(answer(200, '', 'text/s3cret'), given);
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
