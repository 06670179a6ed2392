import { gzipSync } from 'node:zlib';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import type { Fault } from '../../support/fault-proxy.js';
import { DATABASE_DIED } from '../../support/scripted-transport.js';
import type { Expected, FaultCase } from './ride-out.js';

/** A response of Matomo, or of a server in front of it. */
export function answers(answer: PlayedAnswer): FaultCase {
  return { begin: (matomo) => matomo.play(answer), end: (matomo) => matomo.play() };
}

const fromStart = (answer: PlayedAnswer): FaultCase => ({ ...answers(answer), fromStart: true });

/** A permanent response of a server in front of Matomo to some bulks. */
export function answersSome(fault: Omit<Extract<Fault, { kind: 'answer' }>, 'kind'>): FaultCase {
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
export const HTML: PlayedAnswer = { contentType: 'text/html', body: '<h1>Welcome</h1>' };
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
export const ALL_INVALID = {
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
export const withToken = () => ({ tokenAuth: 'a'.repeat(32) });

export const ROWS: readonly (readonly [name: string, FaultCase, Expected])[] = [
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

/** One row of each way to go on. `test/contracts/delivery/answers.test.ts` has what each answer means. */
const FEW: ReadonlySet<string> = new Set([
  '504 after Matomo has stored',
  '413 to more than two hits',
  '413 to everything',
  '429 with Retry-After',
  '500 while the database is away',
  '403',
  'redirect',
  `malformed JSON${SEEN}`,
  `malformed JSON${FROM_START}`,
  `gzip with counters${FROM_START}`,
  'debug output, with resendUnconfirmed',
  `image/gif${FROM_START}`,
  `token refused${FROM_START}`,
  'fewer kept than were sent',
]);
export const isShort = ([name]: (typeof ROWS)[number]): boolean => FEW.has(name);
