import { AT_ONCE, by, code, killed, type TableRow, UNCONFIRMED } from './row.js';

export const SIGNALS: readonly TableRow[] = [
  ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const).map((signal) => ({
    way: 'no handler',
    name: `${signal} without a handler`,
    end: by(signal),
    exit: killed(signal),
  })),
  ...(['SIGTERM', 'SIGINT'] as const).map((signal) => ({
    way: 'no handler',
    name: `${signal} twice at once without a handler`,
    end: by(signal, signal),
    exit: killed(signal),
  })),
  {
    way: 'no handler',
    name: 'SIGTERM again and again without a handler, and a Matomo that never answers: a later one ends the process at once',
    answers: ['hangs'],
    env: { MATOMO_SHUTDOWN_TIMEOUT: '3600000' },
    async end({ signal, sent, signalUntilEnd }) {
      signal('SIGTERM');
      await sent(1);
      await signalUntilEnd('SIGTERM');
    },
    exit: killed('SIGTERM'),
    // The file of the bulk in flight stays. Another process counts it as unconfirmed, after a minute.
    expected: { 'folder hangs': { arrived: ['a', 'a', 'b', 'b'] } },
  },
  {
    way: 'no handler',
    name: 'SIGTERM without a handler while a bulk is in flight',
    answers: ['fast', 'slow'],
    env: AT_ONCE,
    async end({ signal, sent }) {
      await sent(1);
      signal('SIGTERM');
    },
    exit: killed('SIGTERM'),
  },
  {
    way: 'no handler',
    name: 'SIGTERM without a handler, and a Matomo that never answers',
    answers: ['hangs'],
    env: { MATOMO_SHUTDOWN_TIMEOUT: '5000' },
    end: by('SIGTERM'),
    exit: killed('SIGTERM'),
    expected: { 'memory hangs': UNCONFIRMED, 'folder hangs': UNCONFIRMED },
  },
  ...(['signal-exit 3', 'signal-exit 4'] as const).flatMap((way) => [
    { way, name: `${way} and SIGTERM`, end: by('SIGTERM'), exit: killed('SIGTERM') },
    { way, name: `${way} and SIGHUP`, end: by('SIGHUP'), exit: killed('SIGHUP') },
    { way, name: `${way} and process.exit()`, exit: code(3) },
  ]),
];
