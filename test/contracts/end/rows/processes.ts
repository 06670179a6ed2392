import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { requires, skipTest } from '../../../support/skips.js';
import { BUG, by, code, killed, type TableRow } from './row.js';

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Of the end of the main thread, threads learn nothing. */
const LOST_IN_THREAD = { arrived: [], codes: [[]] };

export const PROCESSES: readonly TableRow[] = [
  { way: 'worker that exits', name: 'a worker thread that calls process.exit()', exit: code(0) },
  { way: 'worker with an empty event loop', name: 'a worker thread that ends', exit: code(0) },
  {
    way: 'worker that fails',
    name: 'a worker thread with an uncaught error',
    prints: BUG,
    exit: code(1),
  },
  {
    way: 'worker without an end',
    name: 'SIGTERM while a worker thread serves',
    end: by('SIGTERM'),
    answers: ['fast'],
    exit: killed('SIGTERM'),
    expected: { 'memory fast': LOST_IN_THREAD },
  },
  {
    way: 'cluster worker',
    name: 'a worker of a cluster that gets SIGTERM',
    end: by('SIGTERM'),
    prints: 'worker: null SIGTERM\n',
    exit: code(0),
  },
  {
    way: 'cluster worker that disconnects',
    name: 'a worker of a cluster that is disconnected',
    end: by('SIGTERM'),
    prints: 'worker: 0 null\n',
    exit: code(0),
  },
  ...firstProcesses(),
];

/** PID 1 of a container. Without the package, the kernel drops signals that it does not listen to. */
function firstProcesses(): TableRow[] {
  let mayUnshare: boolean | undefined;
  const row = {
    command: UNSHARE,
    requires() {
      requires('unshare');
      const [command = '', ...flags] = UNSHARE;
      mayUnshare ??= spawnSync(command, [...flags, 'true']).status === 0;
      skipTest(mayUnshare ? undefined : 'This user may not make namespaces.', 'unshare');
    },
  };
  return [
    ...(['SIGTERM', 'SIGINT'] as const).map((signal) => ({
      ...row,
      way: 'PID 1',
      name: `PID 1 that gets ${signal}`,
      appEnv: { SIGNAL: signal },
      exit: code(128 + constants.signals[signal]),
      exitWithout: 'none' as const,
    })),
    { ...row, way: 'PID 1 exits', name: 'PID 1 that calls process.exit()', exit: code(3) },
  ];
}
