// `npm test`: installs and builds what is missing, runs vitest with the arguments after `--`, and ends in any case
// with the line `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { HOW_TO_GET_CHROMIUM, hasChromium } from './chromium.mjs';
import { HOW_TO_GET_REDIS, REDIS_SERVER } from './redis.mjs';
import { ROOT, run, setUp } from './setup.mjs';

const NOTHING_RAN = { passed: 0, failed: 1, skipped: 0 };

// Ctrl-C ends the step that runs; what is known by then is still told.
process.on('SIGINT', () => undefined);

let counts = NOTHING_RAN;
try {
  if (await setUp(console.log)) counts = await runVitest(process.argv.slice(2));
} catch (error) {
  console.error(error);
}
if (counts.skipped > 0 && !hasChromium) {
  console.log(`\nTests of the inspector page did not run. ${HOW_TO_GET_CHROMIUM}`);
}
if (counts.skipped > 0 && REDIS_SERVER === undefined) {
  console.log(`\nTests of the spool in Redis did not run. ${HOW_TO_GET_REDIS}`);
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-test-'));
  const report = join(folder, 'report.json');
  try {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    // Type tests are run by whichever `tsc` the PATH has first.
    const PATH = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
    const exitCode = await run(process.execPath, [vitest, 'run', ...reporters, ...args], {
      env: { ...process.env, PATH },
    });
    return countTests(JSON.parse(readFileSync(report, 'utf8')), exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that failed without a failed test could not be loaded; so could a run that failed without either. */
function countTests({ testResults }, exitCode) {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of testResults) {
    const statuses = file.assertionResults.map(({ status }) => status);
    const failures = statuses.filter((status) => status === 'failed').length;
    passed += statuses.filter((status) => status === 'passed').length;
    skipped += statuses.filter((status) => status === 'skipped' || status === 'pending').length;
    failed += failures === 0 && file.status === 'failed' ? 1 : failures;
  }
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
}
