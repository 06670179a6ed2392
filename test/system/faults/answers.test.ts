import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import type { Fault } from '../../support/fault-proxy.js';
import { DATABASE_DIED } from '../../support/scripted-transport.js';
import { type Expected, type FaultCase, rideOut } from './ride-out.js';

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
const SWITCHED_OFF = {
  body: '{"status":"success","tracked":0,"invalid":0}',
  contentType: JSON_TYPE,
};
const HTML: PlayedAnswer = { contentType: 'text/html', body: '<h1>Welcome</h1>' };
const NOT_MATOMO: readonly (readonly [string, PlayedAnswer])[] = [
  ['malformed JSON', { body: '{"status":"success","tra', contentType: JSON_TYPE }],
  ['wrong JSON', { body: '{"status":"success"}', contentType: JSON_TYPE }],
  ['JSON that is no object', { body: 'null', contentType: JSON_TYPE }],
];
const SEEN = ', where Matomo was seen';
const FROM_START = ', from the start';
/** More than was sent: it counts as all. */
const ALL_TRACKED = '{"status":"success","tracked":1000,"invalid":0}';
const DEPRECATED = '<br />\n<b>Deprecated</b>: {x} in <b>/m/y.php</b> on line <b>3</b><br />\n';
const COUNTED: readonly (readonly [string, PlayedAnswer])[] = [
  ['201', { status: 201, store: true }],
  ['202', { status: 202, store: true }],
  ['text before', { body: DEPRECATED + ALL_TRACKED, store: true }],
  ['text after', { body: ALL_TRACKED + DEPRECATED, store: true }],
  ['gzip', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(ALL_TRACKED), store: true }],
];
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
const IN_DEBUG_MODE: Expected = {
  lost: ['unconfirmed'],
  logs: /\[Tracker\].*\[tracker-debug\]/,
  isAllStored: true,
};
const withToken = () => ({ tokenAuth: 'a'.repeat(32) });

const ROWS: readonly (readonly [name: string, FaultCase, Expected])[] = [
  ['504', answers({ status: 504 }), { lost: ['unconfirmed'], logs: /\b504\b/ }],
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
  ['503', answers({ status: 503 }), { logs: /\b503\b/ }],
  ['502 as HTML', answers({ status: 502, body: '<h1>Bad Gateway</h1>' }), { logs: /\b502\b/ }],
  ['500 always', answers({ status: 500 }), { logs: /\b500\b/ }],
  ['500 once', answers({ status: 500, times: 1 }), {}],
  ['500 while the database is away', answers(DATABASE_AWAY), { logs: /\b500\b/ }],
  ['403', answers({ status: 403, body: 'no' }), { logs: /\b403\b.*\[request-rejected\]/ }],
  ['redirect', answers(REDIRECT), { logs: /https:\/\/matomo.test\/matomo.php,.*\[redirected\]/ }],
  ['tracker switched off', answers(SWITCHED_OFF), { logs: /record_statistics/ }],
  ...NOT_MATOMO.map(
    ([name, answer]) =>
      [
        name + SEEN,
        answers(answer),
        { logs: /accepted.*\[not-matomo\]/, isSomeAccepted: true },
      ] as const,
  ),
  ...[...NOT_MATOMO, ['HTML with 200', HTML] as const].map(
    ([name, answer]) =>
      [name + FROM_START, fromStart(answer), { logs: /\b2\d\d\b.*\[not-matomo\]/ }] as const,
  ),
  [
    'database that dies during a bulk',
    answers({ body: DATABASE_DIED }),
    { logs: /SQLSTATE\[HY000\].*\[rolled-back\]/, isSomeAccepted: false },
  ],
  ...COUNTED.map(
    ([name, answer]) =>
      [
        `${name} with counters${FROM_START}`,
        fromStart(answer),
        { isAllStored: true, isAllTracked: true },
      ] as const,
  ),
  [
    `202 without counters${SEEN}`,
    answers({ status: 202, body: 'queued', store: true }),
    { logs: /\b202\b.*accepted.*\[not-matomo\]/, isAllStored: true, isSomeAccepted: true },
  ],
  [
    `202 without counters${FROM_START}`,
    fromStart({ status: 202, body: 'queued', contentType: 'text/plain' }),
    { logs: /\b202\b.*\[not-matomo\]/, isAllStored: true, isSomeAccepted: false },
  ],
  ['debug output', answers(DEBUG), IN_DEBUG_MODE],
  [`debug output${FROM_START}`, fromStart(DEBUG), IN_DEBUG_MODE],
  [
    'debug output, with resendUnconfirmed',
    { ...fromStart(DEBUG), options: () => ({ resendUnconfirmed: true }) },
    IN_DEBUG_MODE,
  ],
  [
    'messages of PHP instead of counters',
    fromStart({ body: DEPRECATED, store: true }),
    { lost: ['unconfirmed'], logs: /display_errors.*\[php-output\]/, isAllStored: true },
  ],
  [
    `image/gif${FROM_START}`,
    fromStart({ contentType: 'image/gif', body: 'GIF89a', store: true }),
    { isAllStored: true, isSomeAccepted: true, logs: /\[nothing-confirmed\]/ },
  ],
  ['an empty 200', answers({ body: '', store: true }), { isAllStored: true, isSomeAccepted: true }],
  [
    'image/gif',
    answers({ contentType: 'image/gif', body: 'GIF89a', store: true }),
    { isAllStored: true, isSomeAccepted: true },
  ],
  [
    '204',
    answers({ status: 204, body: '', store: true }),
    { isAllStored: true, isSomeAccepted: true },
  ],
  [
    `token refused${FROM_START}`,
    { ...fromStart(ALL_INVALID), options: withToken },
    { logs: /rejected all of .*tokenAuth.*\[token-rejected\]/ },
  ],
  [
    'all invalid, without a token',
    fromStart(ALL_INVALID),
    { logs: /rejected all of .*\[site-unknown\]/ },
  ],
  [
    'fewer kept than were sent',
    answers({ ...ONE_TRACKED, store: true }),
    { lost: ['unconfirmed'], isAllStored: true },
  ],
];

test.for(ROWS)('%s', async ([, fault, expected], context) => {
  await rideOut(context, fault, expected);
});

test('token refused later', async (context) => {
  const fault = { ...answers(ALL_INVALID), options: withToken };
  const row = await rideOut(context, fault, { logs: /\[token-rejected\]/ });
  expect(row.stats.invalid).toBeLessThan(3);
});

test('500 to one hit, which others prove to be the cause only after a minute', async (context) => {
  const poisoned = { where: (body: string) => body.includes('poison'), status: '500 Oops' };
  const fault = { ...answersSome(poisoned), path: '/poison' };
  const row = await rideOut(context, fault, { lost: ['shutdown'] });
  expect(row.stats.lost.shutdown).toBe(1);
  expect(row.stored).toBe(row.hits - 1);
});

test.for([false, true])(
  'HTML with 200, stored: %s, where Matomo was seen',
  async (store, context) => {
    const row = await rideOut(context, answers({ ...HTML, store }), {
      logs: /text\/html.*\[not-matomo\]/,
      mayDuplicate: store,
      isAllStored: true,
      isSomeAccepted: false,
    });
    expect(row.stats.resent).toBeGreaterThan(0);
  },
);

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
