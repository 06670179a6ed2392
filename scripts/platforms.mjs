// `node scripts/platforms.mjs`: runs all tests and writes to docs/compatibility.md which of them other platforms skip.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { platformsOf, renderPlatforms } from '../tools/matrix/platforms.mjs';
import { ROOT, run, setUp } from './setup.mjs';

const PAGE = join(ROOT, 'docs/compatibility.md');

process.exitCode = 1;
if (await setUp(console.log)) process.exitCode = await writePlatforms();

async function writePlatforms() {
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-platforms-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters]);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const tests = testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ meta }) => ({ file: relative(ROOT, name), needs: meta.needs ?? [] })),
    );
    const page = readFileSync(PAGE, 'utf8');
    writeFileSync(
      PAGE,
      page.replace(platformsOf(page), () => renderPlatforms(tests)),
    );
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
