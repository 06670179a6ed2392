import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runNode } from '../support/child-process.js';
import { sorted } from '../support/sorted.js';
import { temporaryFolder } from '../support/spool.js';
import { firstColumn } from '../system/docs/pages.js';

/** For each folder, imports that it may not have. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  'src/common/': ['../hit/hit.js', '../version.js'],
  'src/hit/': ['../requests/x.js', '../common/diagnostics.js', 'node:fs', 'undici'],
  'src/requests/': ['../delivery/delivery.js', '../pipeline/x.js', '../annotate.js', 'undici'],
  'src/delivery/': ['../hit/hit-builder.js', '../options/x.js', '../version.js'],
  'src/delivery/spool/file/': ['../redis/x.js', '../../../hit/page/x.js'],
  'src/delivery/spool/redis/': ['../file/x.js', '../../../requests/x.js'],
  'src/options/': ['../pipeline/x.js', '../requests/x.js', '../span-processor.js'],
  'src/pipeline/': ['../register/x.js', '../gateway/x.js', '../annotate.js'],
  'src/register/': ['../delivery/x.js', '../hit/hit-builder.js', '../span-exporter.js'],
  'src/gateway/': ['../delivery/x.js', '../inspector/x.js', '../register.js'],
  'src/gateway/otlp/': ['../traces/x.js', '../create-gateway.js', '../../hit/hit.js'],
  'src/gateway/traces/': ['../receiver/x.js', '../create-gateway.js', '../../pipeline/x.js'],
  'src/inspector/': ['../pipeline/x.js', '../cli/x.js', '../span-processor.js'],
  'src/inspector/rules/': ['../server/x.js', '../../common/x.js', 'node:fs'],
  'src/inspector/page/': ['../rules/x.js', '../../hit/hit.js', 'node:net'],
  'src/cli/': ['../span-processor.js', '../annotate.js'],
};
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/hit/page/': ['../visitor/x.js', '../../common/generation-cache.js', 'node:net'],
  'src/delivery/queue/': ['../../common/x.js', '../../hit/hit.js', 'node:fs', 'undici'],
  'src/pipeline/': ['../requests/x.js', '../hit/x.js', '../delivery/x.js', '../version.js'],
  'src/gateway/traces/': ['../otlp/x.js', '../../requests/x.js'],
  'src/inspector/rules/': ['../inspected-hit.js', '../../hit/x.js', 'node:crypto'],
  'src/cli/': ['../delivery/x.js', '../version.js'],
};

/** Files, by their paths, in which the rules of this project find something. */
async function lint(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = temporaryFolder();
  cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true });
  for (const [path, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), code);
  }
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const args = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = await runNode([biome, ...args], { cwd: folder });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  const found = diagnostics.filter(({ category }) => category === 'plugin');
  return sorted(new Set(found.map(({ location }) => location.path)));
}

function filesWith(imports: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(imports).flatMap(([folder, sources]) =>
      sources.flatMap((source, i) => [
        [`${folder}static-${i}.ts`, `export { x } from '${source}';`],
        [`${folder}dynamic-${i}.ts`, `export const x = import('${source}');`],
      ]),
    ),
  );
}

test('each boundary of docs/architecture.md is a rule of the linter', async () => {
  expect(sorted(Object.keys(WRONG))).toEqual(
    sorted(new Set(firstColumn('docs/architecture.md', 'Boundaries'))),
  );
  const wrong = filesWith(WRONG);
  const allowed = Object.entries(filesWith(ALLOWED)).map(([path, code]) => [
    path.replace('.ts', '-allowed.ts'),
    code,
  ]);
  expect(await lint({ ...wrong, ...Object.fromEntries(allowed) })).toEqual(
    sorted(Object.keys(wrong)),
  );
});

test('only files that need the time of day read it', async () => {
  const found = await lint({
    'src/delivery/back-off.ts': 'export const now = Date.now();',
    'src/delivery/spool/x.ts': 'export const clock = Date.now;',
    'src/pipeline/x.ts': 'export const now = new Date();',
    'src/pipeline/y.ts': 'export const dates = [new Date(5), performance.now(), Date.parse("")];',
    'src/delivery/delivery-options.ts': 'export const now = Date.now();',
    'src/cli/x.ts': 'export const now = Date.now();',
  });
  expect(found).toEqual([
    'src/delivery/back-off.ts',
    'src/delivery/spool/x.ts',
    'src/pipeline/x.ts',
  ]);
});

test('tests are not random and not skipped without a reason', async () => {
  const found = await lint({
    'test/a.test.ts': 'export const random = Math.random();',
    'test/b.test.ts': 'fc.assert(property);',
    'test/c.test.ts': 'test.skipIf(isWindows)("x", () => undefined);',
    'test/d.test.ts': 'fc.assert(property, seededRuns(100)); test.each([])("x", () => undefined);',
  });
  expect(found).toEqual(['test/a.test.ts', 'test/b.test.ts', 'test/c.test.ts']);
});
