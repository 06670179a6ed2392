// `npm run test:faults`: everything that can go wrong on the way to Matomo, for longer than in `npm test`, as a table.
import { run, setUp } from './setup.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';
const REPORTERS = ['--reporter=default', '--reporter=./test/system/faults/table-reporter.ts'];

process.exitCode = 1;
if (await setUp(console.log)) {
  const env = { FAULT_ROUNDS: '12', ...process.env };
  const args = [VITEST, 'run', 'test/system/faults', ...REPORTERS, ...process.argv.slice(2)];
  process.exitCode = await run(process.execPath, args, { env });
}
