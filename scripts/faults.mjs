// `npm run test:faults`: prints a table of everything that can fail on the way to Matomo, with more rounds than `npm test`.
import { run, setUp } from './setup.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';
const REPORTERS = ['--reporter=default', '--reporter=./test/system/faults/table-reporter.ts'];

process.exitCode = 1;
if (await setUp(console.log)) {
  const env = { FAULT_ROUNDS: '12', ...process.env };
  const args = [VITEST, 'run', 'test/system/faults', ...REPORTERS, ...process.argv.slice(2)];
  process.exitCode = await run(process.execPath, args, { env });
}
