import { AT_ONCE, by, killed, preload, type TableRow } from './row.js';

export const SIGNALS: readonly TableRow[] = [
  ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const).map((signal) => ({
    way: 'no handler',
    name: `${signal} without a handler`,
    isDownToo: signal === 'SIGTERM',
    end: by(signal),
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
    name: 'SIGTERM without a handler while one bulk is not answered, and another hit is queued',
    answers: ['hangs'],
    env: { ...AT_ONCE, MATOMO_SHUTDOWN_TIMEOUT: '1000' },
    async end({ signal, sent }) {
      await sent(1);
      signal('SIGTERM');
    },
    exit: killed('SIGTERM'),
    expected: {
      'memory hangs': { arrived: ['a'], codes: [['lost-at-shutdown']] },
      'folder hangs': { codes: [['unconfirmed']] },
    },
  },
  {
    way: 'no handler',
    name: 'SIGTERM without a handler: requests that finish while hits are sent are sent as well',
    answers: ['hangs'],
    async end({ signal, sent, get, recover, answer }) {
      signal('SIGTERM');
      await sent(1);
      recover();
      await get('/late');
      answer();
    },
    more: ['late'],
    exit: killed('SIGTERM'),
  },
  ...(['3', '4'] as const).map((version) => ({
    way: 'no handler',
    name: `signal-exit ${version}, loaded before the package, and SIGTERM`,
    appEnv: { ...preload('signal-exit.cjs'), SIGNAL_EXIT: version },
    answers: ['fast'] as const,
    end: by('SIGTERM'),
    prints: 'cleaned up: null SIGTERM\n',
    exit: killed('SIGTERM'),
  })),
  ...(['signal-exit 3', 'signal-exit 4'] as const).map((way) => ({
    way,
    name: `${way} and SIGTERM`,
    end: by('SIGTERM'),
    prints: 'cleaned up: null SIGTERM\n',
    exit: killed('SIGTERM'),
  })),
];
