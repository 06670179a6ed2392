import type { Running } from '../run-row.js';
import { by, code, killed, preload, type TableRow } from './row.js';

const closing = (signal: NodeJS.Signals, way: string, exitCode: number): TableRow => ({
  way,
  name: `a handler of ${signal} that ${way.replace('exits', 'closes and exits')}`,
  end: by(signal),
  prints: `closing after ${signal}\n`,
  exit: code(exitCode),
});
// The flush began after half a second.
const DURING_FLUSH = { codes: [['unconfirmed'], []] };

export const HANDLERS: readonly TableRow[] = [
  { ...closing('SIGTERM', 'exits at once', 5) },
  { ...closing('SIGTERM', 'exits after 30 ms', 0), isDownToo: true },
  {
    ...closing('SIGTERM', 'exits after 700 ms', 0),
    expected: {
      'memory fast': DURING_FLUSH,
      'folder fast': DURING_FLUSH,
      'memory slow': DURING_FLUSH,
      'folder slow': DURING_FLUSH,
      'memory down': { codes: [['lost-at-shutdown'], ['unreachable', 'lost-at-shutdown']] },
    },
  },
  {
    way: 'exits after 30 ms',
    name: 'the same handler for SIGTERM and SIGINT, which come both',
    end: by('SIGTERM', 'SIGINT'),
    prints: /^(?:closing after SIG(?:TERM|INT)\n)+$/,
    exit: code(0),
    printsMore: true,
  },
  {
    way: 'drains',
    name: 'a handler of SIGTERM that closes the server',
    isDownToo: true,
    end: by('SIGTERM'),
    exit: code(0),
  },
  {
    way: 'removes all listeners and exits',
    name: 'a handler of SIGTERM that removes all listeners of the process and exits',
    isDownToo: true,
    end: by('SIGTERM'),
    exit: code(5),
  },
  ...(['3', '4'] as const).map((version) => ({
    way: 'removes all listeners and exits',
    name: `the same beside signal-exit ${version}`,
    appEnv: { ...preload('signal-exit.cjs'), SIGNAL_EXIT: version },
    answers: ['fast'] as const,
    end: by('SIGTERM'),
    prints: 'cleaned up: 5 null\n',
    exit: code(5),
  })),
  {
    way: 'closes once',
    name: 'a handler of SIGTERM that runs once and takes long, and SIGTERM again',
    async end({ signal, prints }) {
      signal('SIGTERM');
      await prints('closing');
      signal('SIGTERM');
    },
    prints: 'closing\n',
    exit: killed('SIGTERM'),
  },
  ...(['SIGTERM', 'SIGINT'] as const).map((signal) => ({
    way: `stays at ${signal}`,
    name: `a handler of ${signal} that goes on: hits are sent soon, and the rest at the end`,
    answers: ['fast', 'slow'] as const,
    async end({ signal: send, prints, answered, get }: Running) {
      send(signal);
      await prints('still there');
      await answered(1);
      await get('/end');
    },
    more: ['end'],
    prints: 'still there\n',
    exit: code(3),
  })),
  ...(['SIGHUP', 'SIGUSR2'] as const).map((signal) => ({
    way: `stays at ${signal}`,
    name: `a handler of ${signal} that reloads: nothing changes`,
    answers: ['fast'] as const,
    async end({ signal: send, prints, get }: Running) {
      send(signal);
      await prints('still there');
      await get('/end');
    },
    more: ['end'],
    prints: 'still there\n',
    exit: code(3),
  })),
];
