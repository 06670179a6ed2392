import {
  AT_ONCE,
  BUG,
  by,
  code,
  killed,
  LOST,
  preload,
  type TableRow,
  UNCONFIRMED,
  WAITS_LONG,
} from './row.js';

const IN_FLIGHT: Omit<TableRow, 'name'> = {
  way: 'exit in a handler',
  async end({ sent, get, recover }) {
    await sent(1);
    recover();
    await get('/end');
  },
  more: ['end'],
  answers: ['hangs'],
  exit: code(3),
};
const TWICE = { arrived: ['a', 'a', 'b', 'end'] };

export const EXITS: readonly TableRow[] = [
  {
    way: 'exit in a handler',
    name: 'process.exit() soon after the start',
    isEarly: true,
    exit: code(3),
  },
  { way: 'exit in a handler', name: 'process.exit()', isDownToo: true, exit: code(3) },
  {
    way: 'exit in a handler',
    name: 'process.exit() of an application with a preload, which does not run in the thread that sends',
    appEnv: preload('shows-thread.cjs'),
    prints: 'thread 0\n',
    answers: ['fast'],
    exit: code(3),
  },
  { way: 'exit code', name: 'process.exitCode, and an empty event loop', exit: code(4) },
  { way: 'empty event loop', name: 'an empty event loop', isDownToo: true, exit: code(0) },
  {
    way: 'empty event loop',
    name: 'an empty event loop, and a Matomo that never answers',
    answers: ['hangs'],
    env: WAITS_LONG,
    exit: code(0),
    expected: { 'memory hangs': UNCONFIRMED },
  },
  {
    way: 'empty event loop',
    name: 'an empty event loop while a bulk is in flight: the answer is read',
    async end({ sent, get }) {
      await sent(1);
      await get('/end');
    },
    more: ['end'],
    answers: ['fast', 'slow'],
    env: AT_ONCE,
    exit: code(0),
  },
  { way: 'uncaught error', name: 'an uncaught error', isDownToo: true, prints: BUG, exit: code(1) },
  {
    way: 'exit in a listener of exit',
    name: 'a listener of `exit` that calls process.exit()',
    exit: code(4),
  },
  {
    way: 'listener of beforeExit',
    name: 'a listener of `beforeExit`, which is called as often as without the package',
    prints: 'beforeExit\n',
    exit: code(0),
  },
  {
    way: 'hits of a listener of exit',
    name: 'hits of a listener of `exit`',
    more: ['again', 'bye', 'end'],
    exit: code(0),
  },
  {
    ...IN_FLIGHT,
    name: 'process.exit() while a bulk is in flight that is never answered',
    env: AT_ONCE,
    expected: { 'memory hangs': UNCONFIRMED, 'folder hangs': UNCONFIRMED },
  },
  {
    ...IN_FLIGHT,
    name: 'the same with resendUnconfirmed',
    env: { ...AT_ONCE, MATOMO_RESEND_UNCONFIRMED: 'true' },
    expected: { 'memory hangs': TWICE, 'folder hangs': TWICE },
  },
  {
    way: 'exit in a handler',
    name: 'process.exit(), and a Matomo that never answers',
    answers: ['hangs'],
    env: WAITS_LONG,
    exit: code(3),
    expected: { 'memory hangs': UNCONFIRMED },
  },
  {
    way: 'exit in a handler',
    name: 'process.exit(), and a Matomo that answers 503',
    answers: ['refuses'],
    exit: code(3),
    expected: { 'memory refuses': LOST },
  },
  {
    way: 'exit in a handler',
    name: 'process.exit(), and a Matomo that was unavailable and now never answers: it is not waited for',
    async end({ answered, hang, get }) {
      await answered(1);
      hang();
      await get('/end');
    },
    more: ['end'],
    answers: ['refuses'],
    env: AT_ONCE,
    exit: code(3),
    expected: {
      'memory refuses': { arrived: [], codes: [['unavailable', 'lost-at-shutdown']] },
      'folder refuses': { codes: [['unavailable']] },
    },
  },
  {
    way: 'exit in a handler',
    name: 'process.exit() with exitFlush off',
    env: { MATOMO_EXIT_FLUSH: 'false' },
    answers: ['fast'],
    exit: code(3),
    expected: {
      'memory fast': { arrived: [], codes: [['lost-at-shutdown']] },
      'folder fast': { arrived: ['a', 'b'], codes: [['lost-at-shutdown']] },
    },
  },
];

/** A signal as the last act of a process. */
export const OWN_SIGNALS: readonly TableRow[] = [
  { way: 'kills itself from fs', name: 'SIGTERM to itself from fs', exit: killed('SIGTERM') },
  {
    way: 'kills itself in beforeExit',
    name: 'SIGTERM to itself in `beforeExit`',
    exit: killed('SIGTERM'),
  },
  {
    way: 'kills itself in a handler',
    name: 'SIGTERM to itself in its handler, which runs once',
    end: by('SIGTERM'),
    prints: 'closing\n',
    exit: killed('SIGTERM'),
  },
  {
    way: 'sends SIGUSR2 again, as nodemon says',
    name: 'SIGUSR2 to itself, as nodemon wants it',
    end: by('SIGUSR2'),
    exit: killed('SIGUSR2'),
  },
];
