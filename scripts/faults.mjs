// `npm run test:faults`: prints two tables of everything that can fail on the way to Matomo, with more rounds than `npm test`.
import { run, setUp } from './setup.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';
const REPORTERS = ['--reporter=default', '--reporter=./test/system/faults/table-reporter.ts'];

process.exitCode = 1;
if (await setUp(console.log)) {
  const args = [VITEST, 'run', 'test/system/faults', ...REPORTERS, ...process.argv.slice(2)];
  process.exitCode = 0;
  // Answers of Matomo, then connections to it: one run has no long tests, or only these.
  for (const TEST_LENGTH of ['', 'long']) {
    const env = { FAULT_ROUNDS: '12', ...process.env, TEST_LENGTH };
    process.exitCode = (await run(process.execPath, args, { env })) || process.exitCode;
  }
}
