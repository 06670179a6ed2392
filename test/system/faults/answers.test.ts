import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import type { Fault } from '../../support/fault-proxy.js';
import { DATABASE_DIED } from '../../support/scripted-transport.js';
import { expectAccounted } from './expect-accounted.js';
import { type FaultCase, rideOut } from './ride-out.js';

/** A response of Matomo, or of a server in front of it. */
function answers(answer: PlayedAnswer): FaultCase {
  return { begin: (matomo) => matomo.play(answer), end: (matomo) => matomo.play() };
}

/** A permanent response of a server in front of Matomo to some bulks. */
function answersSome(fault: Omit<Extract<Fault, { kind: 'answer' }>, 'kind'>): FaultCase {
  return {
    begin: (_matomo, proxy) => proxy.play({ kind: 'answer', ...fault }),
    end: () => undefined,
  };
}

const hitsIn = (body: string) => body.split('rec=1').length - 1;
const DATABASE_AWAY = {
  status: 500,
  contentType: 'application/json',
  body: '{"status":"error","tracked":0,"invalid":0}',
};

test('504', async (context) => {
  const row = await rideOut(context, answers({ status: 504 }));
  expectAccounted(row, { lost: ['unconfirmed'], logs: /\b504\b/ });
});

test('504 after Matomo has stored', async (context) => {
  const row = await rideOut(context, answers({ status: 504, store: true }));
  expectAccounted(row, { lost: ['unconfirmed'], logs: /\b504\b/ });
  expect(row.stored).toBe(row.hits);
});

test('413 to more than two hits', async (context) => {
  const tooLarge = { where: (body: string) => hitsIn(body) > 2, status: '413 Content Too Large' };
  const row = await rideOut(context, answersSome(tooLarge));
  expectAccounted(row, { lost: [] });
});

test('413 to everything', async (context) => {
  const row = await rideOut(context, answers({ status: 413 }));
  expectAccounted(row, { lost: ['too_large'], logs: /\[too-large\]/ });
});

test.for<[string, PlayedAnswer, RegExp]>([
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }, /\b429\b/],
  ['503', { status: 503 }, /\b503\b/],
  ['502 as HTML', { status: 502, body: '<h1>Bad Gateway</h1>' }, /\b502\b/],
  ['500 always', { status: 500 }, /\b500\b/],
  ['500 while the database is away', DATABASE_AWAY, /\b500\b/],
  ['403', { status: 403, body: 'no' }, /\b403\b.*\[request-rejected\]/],
  [
    'redirect',
    { status: 302, headers: { location: 'https://matomo.test/matomo.php?a=b' } },
    /https:\/\/matomo.test\/matomo.php,.*\[redirected\]/,
  ],
  [
    'tracker switched off',
    { body: '{"status":"success","tracked":0,"invalid":0}', contentType: 'application/json' },
    /record_statistics/,
  ],
])('%s', async ([, answer, logs], context) => {
  const row = await rideOut(context, answers(answer));
  expectAccounted(row, { lost: [], logs });
});

test('500 once', async (context) => {
  const row = await rideOut(context, answers({ status: 500, times: 1 }));
  expectAccounted(row, { lost: [] });
});

test('500 to one hit, which others prove to be the cause only after a minute', async (context) => {
  const row = await rideOut(context, {
    ...answersSome({ where: (body) => body.includes('poison'), status: '500 Oops' }),
    path: '/poison',
  });
  expectAccounted(row, { lost: ['shutdown'] });
  expect(row.stats.lost.shutdown).toBe(1);
  expect(row.stored).toBe(row.hits - 1);
});

const NOT_MATOMO: [string, PlayedAnswer][] = [
  ['malformed JSON', { body: '{"status":"success","tra', contentType: 'application/json' }],
  ['wrong JSON', { body: '{"status":"success"}', contentType: 'application/json' }],
  ['JSON that is no object', { body: 'null', contentType: 'application/json' }],
];
const HTML: PlayedAnswer = { contentType: 'text/html', body: '<h1>Welcome</h1>' };

test.for(NOT_MATOMO)('%s, where Matomo was seen', async ([, answer], context) => {
  const row = await rideOut(context, answers(answer));
  expectAccounted(row, { lost: [], logs: /accepted.*\[not-matomo\]/ });
  expect(row.stats.accepted).toBeGreaterThan(0);
});

test.for<[string, PlayedAnswer]>([
  ['HTML with 200', HTML],
  ['HTML with 200 after Matomo has stored', { ...HTML, store: true }],
])('%s, where Matomo was seen', async ([, answer], context) => {
  const row = await rideOut(context, answers(answer));
  const { store: mayDuplicate = false } = answer;
  expectAccounted(row, { lost: [], logs: /text\/html.*\[not-matomo\]/, mayDuplicate });
  expect(row.stats).toMatchObject({ accepted: 0, resent: expect.any(Number) });
  expect(row.stats.resent).toBeGreaterThan(0);
  expect(row.stored).toBe(row.hits);
});

test.for<[string, PlayedAnswer]>([...NOT_MATOMO, ['HTML with 200', HTML]])(
  '%s, from the start',
  async ([, answer], context) => {
    const row = await rideOut(context, { ...answers(answer), fromStart: true });
    expectAccounted(row, { lost: [], logs: /\b2\d\d\b.*\[not-matomo\]/ });
  },
);

test('database that dies during a bulk', async (context) => {
  const row = await rideOut(context, answers({ body: DATABASE_DIED }));
  expectAccounted(row, { lost: [], logs: /SQLSTATE\[HY000\].*\[rolled-back\]/ });
  expect(row.stats.accepted).toBe(0);
});

/** More than was sent: it counts as all. */
const ALL_TRACKED = '{"status":"success","tracked":1000,"invalid":0}';

test.for<[string, PlayedAnswer]>([
  ['201', { status: 201, store: true }],
  ['202', { status: 202, store: true }],
  ['gzip', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(ALL_TRACKED), store: true }],
])('%s with counters, from the start', async ([, answer], context) => {
  const row = await rideOut(context, { ...answers(answer), fromStart: true });
  expectAccounted(row, { lost: [] });
  expect(row.stats.tracked).toBe(row.hits);
  expect(row.stored).toBe(row.hits);
});

test('202 without counters, where Matomo was seen', async (context) => {
  const row = await rideOut(context, answers({ status: 202, body: '', store: true }));
  expectAccounted(row, { lost: [], logs: /\b202\b.*accepted.*\[not-matomo\]/ });
  expect(row.stats.accepted).toBeGreaterThan(0);
  expect(row.stored).toBe(row.hits);
});

test('202 without counters, from the start', async (context) => {
  const row = await rideOut(context, { ...answers({ status: 202, body: '' }), fromStart: true });
  expectAccounted(row, { lost: [], logs: /\b202\b.*\[not-matomo\]/ });
  expect(row.stats.accepted).toBe(0);
  expect(row.stored).toBe(row.hits);
});

test.for<[string, PlayedAnswer]>([
  ['image/gif', { contentType: 'image/gif', body: 'GIF89a', store: true }],
  ['204', { status: 204, body: '', store: true }],
])('%s', async ([, answer], context) => {
  const row = await rideOut(context, answers(answer));
  expectAccounted(row, { lost: [] });
  expect(row.stats.accepted).toBeGreaterThan(0);
  expect(row.stored).toBe(row.hits);
});

const ALL_INVALID = {
  body: '{"status":"success","tracked":0,"invalid":1000}',
  contentType: 'application/json',
};
const withToken = () => ({ tokenAuth: 'a'.repeat(32) });

test('token refused, from the start', async (context) => {
  const row = await rideOut(context, {
    ...answers(ALL_INVALID),
    options: withToken,
    fromStart: true,
  });
  expectAccounted(row, { lost: [], logs: /rejected all of .*tokenAuth.*\[token-rejected\]/ });
});

test('token refused later', async (context) => {
  const row = await rideOut(context, { ...answers(ALL_INVALID), options: withToken });
  expectAccounted(row, { lost: [], logs: /\[token-rejected\]/ });
  expect(row.stats.invalid).toBeLessThan(3);
});

test('all invalid, without a token', async (context) => {
  const row = await rideOut(context, { ...answers(ALL_INVALID), fromStart: true });
  expectAccounted(row, { lost: [], logs: /rejected all of .*\[site-unknown\]/ });
});

test('fewer kept than were sent', async (context) => {
  const body = '{"status":"success","tracked":1,"invalid":0}';
  const answer = { body, contentType: 'application/json', store: true };
  const row = await rideOut(context, answers(answer));
  expectAccounted(row, { lost: ['unconfirmed'] });
  expect(row.stored).toBe(row.hits);
});

test('429 with Retry-After, then nobody flushes', async (context) => {
  const attempts: number[] = [];
  const row = await rideOut(context, {
    byItself: true,
    begin: (_matomo, proxy) =>
      proxy.play({
        kind: 'answer',
        where: () => attempts.push(Date.now()) === 1,
        status: '429 Too Many Requests\r\nRetry-After: 1',
      }),
    end: () => undefined,
  });
  expectAccounted(row, { lost: [], logs: /\b429\b/ });
  expect((attempts[1] as number) - (attempts[0] as number)).toBeGreaterThanOrEqual(999);
});
