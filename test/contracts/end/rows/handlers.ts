import type { Running } from '../run-row.js';
import { AT_ONCE, by, code, killed, LOST, type TableRow, UNCONFIRMED, WAITS_LONG } from './row.js';

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
  { ...closing('SIGTERM', 'exits after 300 ms', 0) },
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
  { ...closing('SIGINT', 'exits at once', 5), answers: ['fast'] },
  { ...closing('SIGINT', 'exits after 30 ms', 0), answers: ['fast'] },
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
    way: 'drains',
    name: 'the same, and a Matomo that closes connections',
    end: by('SIGTERM'),
    answers: ['drops'],
    exit: code(0),
    expected: { 'memory drops': UNCONFIRMED },
  },
  {
    ...closing('SIGTERM', 'exits after 30 ms', 0),
    name: 'a handler of SIGTERM that closes and exits after 30 ms, and a Matomo that answers 503',
    answers: ['refuses'],
    expected: { 'memory refuses': LOST },
  },
  {
    way: 'drains',
    name: 'the same, and a Matomo that never answers',
    end: by('SIGTERM'),
    answers: ['hangs'],
    env: WAITS_LONG,
    exit: code(0),
    expected: { 'memory hangs': UNCONFIRMED },
  },
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
  {
    way: 'exits after 30 ms',
    name: 'a handler that exits while a bulk is in flight that is never answered',
    answers: ['hangs'],
    env: AT_ONCE,
    async end({ signal, sent, recover }) {
      await sent(1);
      recover();
      signal('SIGTERM');
    },
    prints: 'closing after SIGTERM\n',
    exit: code(0),
    expected: { 'memory hangs': UNCONFIRMED, 'folder hangs': UNCONFIRMED },
  },
  {
    way: 'Nest with shutdown hooks',
    name: 'Nest with shutdown hooks',
    end: by('SIGTERM'),
    prints: 'hook after SIGTERM\n',
    exit: killed('SIGTERM'),
  },
];

/** Of packages that a test installs. */
export const LIBRARIES: readonly TableRow[] = [
  {
    way: 'terminus',
    name: 'terminus',
    end: by('SIGTERM'),
    prints: 'closed\n',
    exit: killed('SIGTERM'),
  },
  { way: 'http-terminator', name: 'http-terminator', end: by('SIGTERM'), exit: code(0) },
  { way: 'close-with-grace', name: 'close-with-grace', end: by('SIGTERM'), exit: code(0) },
  { way: 'close-with-grace', name: 'close-with-grace and an uncaught error', exit: code(1) },
];
