import { BUG, by, code, killed, type TableRow } from './row.js';

/** What is in Redis is left to others, and the rest is sent to Matomo. */
const LAST_IS_LOST = {
  'redis down': { arrived: ['a', 'b'], codes: [['lost-at-shutdown']] },
};

/** Ends with hits in Redis, where nothing can be stored while the process is blocked. */
export const REDIS: readonly TableRow[] = [
  {
    way: 'exit in a handler',
    name: 'process.exit() after the response',
    exit: code(3),
    expected: LAST_IS_LOST,
  },
  {
    way: 'exit in a handler',
    name: 'process.exit() soon after the start',
    isEarly: true,
    answers: ['slow'],
    exit: code(3),
  },
  { way: 'empty event loop', name: 'an empty event loop', exit: code(0), expected: LAST_IS_LOST },
  {
    way: 'uncaught error',
    name: 'an uncaught error',
    prints: BUG,
    exit: code(1),
    expected: LAST_IS_LOST,
  },
  { way: 'no handler', name: 'SIGTERM', end: by('SIGTERM'), exit: killed('SIGTERM') },
  {
    way: 'exits after 30 ms',
    name: 'a handler of SIGTERM that closes and exits after 30 ms',
    end: by('SIGTERM'),
    prints: 'closing after SIGTERM\n',
    exit: code(0),
  },
  {
    way: 'drains',
    name: 'a handler of SIGTERM that closes the server',
    end: by('SIGTERM'),
    exit: code(0),
  },
];
