import { by, code, killed, type TableRow } from './row.js';

/** Ends with hits in Redis, where nothing can be stored while the process is blocked. */
export const REDIS: readonly TableRow[] = [
  {
    way: 'exit in a handler',
    name: 'process.exit() after the response',
    exit: code(3),
    // What is in Redis is left to others, and the rest is sent to Matomo.
    expected: { 'redis down': { arrived: ['a', 'b'], codes: [['lost-at-shutdown']] } },
  },
  {
    way: 'exit in a handler',
    name: 'process.exit() soon after the start',
    isEarly: true,
    answers: ['slow'],
    exit: code(3),
  },
  { way: 'no handler', name: 'SIGTERM', end: by('SIGTERM'), exit: killed('SIGTERM') },
  {
    way: 'drains',
    name: 'a handler of SIGTERM that closes the server',
    end: by('SIGTERM'),
    exit: code(0),
  },
];
