import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import type { Fault } from '../../support/fault-proxy.js';
import { type Expected, type FaultCase, ROUNDS, rideOut } from './ride-out.js';

/** A hit that fails so often while others are tracked is the cause. */
const MOST_FAILURES = 9;

/** A response of Matomo, or of a server in front of it. */
function answers(answer: PlayedAnswer): FaultCase {
  return { begin: (matomo) => matomo.play(answer), end: (matomo) => matomo.play() };
}

const fromStart = (answer: PlayedAnswer): FaultCase => ({ ...answers(answer), fromStart: true });

/** A permanent response of a server in front of Matomo to some bulks. */
function answersSome(fault: Omit<Extract<Fault, { kind: 'answer' }>, 'kind'>): FaultCase {
  return {
    begin: (_matomo, proxy) => proxy.play({ kind: 'answer', ...fault }),
    end: () => undefined,
  };
}

const JSON_TYPE = 'application/json';
const hitsIn = (body: string) => body.split('rec=1').length - 1;
const DATABASE_AWAY = {
  status: 500,
  contentType: JSON_TYPE,
  body: '{"status":"error","tracked":0,"invalid":0}',
};
const TOO_LARGE = { where: (body: string) => hitsIn(body) > 2, status: '413 Content Too Large' };
const REDIRECT = { status: 302, headers: { location: 'https://matomo.test/matomo.php?a=b' } };
const MALFORMED = { body: '{"status":"success","tra', contentType: JSON_TYPE };
const ONE_TRACKED = {
  body: '{"status":"success","tracked":1,"invalid":0}',
  contentType: JSON_TYPE,
};
const ALL_INVALID = {
  body: '{"status":"success","tracked":0,"invalid":1000}',
  contentType: JSON_TYPE,
};
/** Matomo stores the hits, and prints this instead of counters. */
const DEBUG: PlayedAnswer = {
  body: 'DEBUG: Debug enabled - Input parameters: array (\n)\nDEBUG: Visitor is known\n',
  contentType: 'text/plain',
  store: true,
};
const withToken = () => ({ tokenAuth: 'a'.repeat(32) });

// `test/contracts/delivery/answers.test.ts` has what each answer means. Of each way to go on, one is here.
test.for<[name: string, FaultCase, Expected]>([
  [
    '504 after Matomo has stored',
    answers({ status: 504, store: true }),
    { lost: ['unconfirmed'], logs: /\b504\b/, isAllStored: true },
  ],
  ['413 to more than two hits', answersSome(TOO_LARGE), {}],
  ['413 to everything', answers({ status: 413 }), { lost: ['too_large'], logs: /\[too-large\]/ }],
  [
    '429 with Retry-After',
    answers({ status: 429, headers: { 'retry-after': '1' } }),
    { logs: /\b429\b/ },
  ],
  ['500 while the database is away', answers(DATABASE_AWAY), { logs: /\b500\b/ }],
  ['403', answers({ status: 403, body: 'no' }), { logs: /\b403\b.*\[request-rejected\]/ }],
  ['redirect', answers(REDIRECT), { logs: /https:\/\/matomo.test\/matomo.php,.*\[redirected\]/ }],
  [
    'malformed JSON, where Matomo was seen',
    answers(MALFORMED),
    { logs: /accepted.*\[not-matomo\]/, isSomeAccepted: true },
  ],
  ['malformed JSON, from the start', fromStart(MALFORMED), { logs: /\b2\d\d\b.*\[not-matomo\]/ }],
  [
    'gzip with counters, from the start',
    fromStart({
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('{"status":"success","tracked":1000,"invalid":0}'),
      store: true,
    }),
    { isAllStored: true, isAllTracked: true },
  ],
  [
    'debug output, with resendUnconfirmed',
    { ...fromStart(DEBUG), options: () => ({ resendUnconfirmed: true }) },
    { lost: ['unconfirmed'], logs: /\[Tracker\].*\[tracker-debug\]/, isAllStored: true },
  ],
  [
    'image/gif, from the start',
    fromStart({ contentType: 'image/gif', body: 'GIF89a', store: true }),
    { isAllStored: true, isSomeAccepted: true, logs: /\[nothing-confirmed\]/ },
  ],
  [
    'token refused, from the start',
    { ...fromStart(ALL_INVALID), options: withToken },
    { logs: /rejected all of .*tokenAuth.*\[token-rejected\]/ },
  ],
  [
    'fewer kept than were sent',
    answers({ ...ONE_TRACKED, store: true }),
    { lost: ['unconfirmed'], isAllStored: true },
  ],
])('%s', async ([, fault, expected], context) => {
  await rideOut(context, fault, expected);
});

test('token refused later', async (context) => {
  const fault = { ...answers(ALL_INVALID), options: withToken };
  const row = await rideOut(context, fault, { logs: /\[token-rejected\]/ });
  expect(row.stats.invalid).toBeLessThan(3);
});

test('500 to one hit, which others prove to be the cause when it has failed often', async (context) => {
  const poisoned = { where: (body: string) => body.includes('poison'), status: '500 Oops' };
  const fault = { ...answersSome(poisoned), path: '/poison' };
  const reason = ROUNDS > MOST_FAILURES ? 'rejected' : 'shutdown';
  const row = await rideOut(context, fault, { lost: [reason] });
  expect(row.stats.lost[reason]).toBe(1);
  expect(row.stored).toBe(row.hits - 1);
});

test('HTML with 200, stored, where Matomo was seen', async (context) => {
  const row = await rideOut(
    context,
    answers({ contentType: 'text/html', body: '<h1>Welcome</h1>', store: true }),
    {
      logs: /text\/html.*\[not-matomo\]/,
      mayDuplicate: true,
      isAllStored: true,
      isSomeAccepted: false,
    },
  );
  expect(row.stats.resent).toBeGreaterThan(0);
});

test('429 with Retry-After, then nobody flushes', async (context) => {
  const attempts: number[] = [];
  await rideOut(
    context,
    {
      byItself: true,
      begin: (_matomo, proxy) =>
        proxy.play({
          kind: 'answer',
          where: () => attempts.push(performance.now()) === 1,
          status: '429 Too Many Requests\r\nRetry-After: 1',
        }),
      end: () => undefined,
    },
    { lost: [], logs: /\b429\b/ },
  );
  expect((attempts[1] as number) - (attempts[0] as number)).toBeGreaterThanOrEqual(999);
});
