// `npm test`: installs and builds what is missing, runs vitest with the arguments after `--`, and lists skipped and failed
// tests with the reason. TEST_ONLY names files or folders, too. The last line is always `N passed, N failed`. `npm run test:long` adds `--long`,
// which files of long tests do not need.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ROOT, run, setUp } from './setup.mjs';

const NOTHING_RAN = { passed: 0, failed: 1, failures: [], skipped: new Map() };

// Ctrl-C ends the current step, and this process still prints the results so far.
process.on('SIGINT', () => undefined);

const args = process.argv.slice(2);
if (process.env.TEST_ONLY) args.push(...process.env.TEST_ONLY.split(' '));
const isLong = args[0] === '--long';
if (isLong) args.shift();
const files = args.filter((arg) => /\.test\.ts$/.test(arg));
const areLong = files.length > 0 && files.every((file) => file.endsWith('.long.test.ts'));
const length = isLong || areLong ? 'long' : '';
let counts = NOTHING_RAN;
try {
  if (await setUp(console.log)) counts = await runVitest();
} catch (error) {
  console.error(error);
}
for (const [reason, names] of counts.skipped) {
  console.log(`\nSkipped: ${reason}\n${names.map((name) => `  ${name}`).join('\n')}`);
}
for (const failure of counts.failures) console.log(`\nFailed: ${failure}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

async function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-test-'));
  const report = join(folder, 'report.json');
  try {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const options = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const exitCode = await run(process.execPath, [vitest, 'run', ...options, ...args], {
      env: { ...process.env, ...environment() },
    });
    return countTests(JSON.parse(readFileSync(report, 'utf8')), exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function environment() {
  const env = { TEST_LENGTH: length };
  if (process.env.TEST_SEED === 'random') {
    env.TEST_SEED = String(Date.now() % 2 ** 31);
    console.log(`Seed of this run: TEST_SEED=${env.TEST_SEED}`);
  }
  return env;
}

/** Counts one failure for a file that could not be loaded, and for a run that failed without a failed test. */
function countTests({ testResults }, exitCode) {
  let passed = 0;
  let failed = 0;
  const failures = [];
  const skipped = new Map();
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(ROOT, name).replaceAll('\\', '/');
    const withStatus = (status) => assertionResults.filter((test) => test.status === status);
    const failedTests = withStatus('failed');
    passed += withStatus('passed').length;
    failed += failedTests.length === 0 && status === 'failed' ? 1 : failedTests.length;
    if (message) failures.push(`${file}: ${message}`);
    for (const { fullName, failureMessages } of failedTests) {
      const reason = failureMessages.join('\n').split('\n').slice(0, 8).join('\n');
      failures.push(`${file}: ${fullName}\n${reason}`);
    }
    // Tests without a reason were not selected for this run.
    for (const { fullName, meta } of assertionResults.filter((test) => test.meta?.skipped)) {
      skipped.set(meta.skipped, [...(skipped.get(meta.skipped) ?? []), `${file}: ${fullName}`]);
    }
  }
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, failures, skipped };
}
