import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { ROOT, runNode } from '../support/child-process.js';
import { secondCopy } from '../support/installed-app.js';
import { sorted } from '../support/sorted.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { words } from '../support/words.js';

const KILOBYTE = 1000;

/** What users can import. */
const EXPORTS = {
  index: {
    values: words(`
      HEALTH_CHECKERS MatomoSpanExporter MatomoSpanProcessor annotate forRequest
      ignore measure start trackEvent trackGoal trackHit trackOrder
    `),
    types: words(`
      AttributeValue Attributes Context FinishedSpan HitParameters HrTime Link MatomoHandle
      MatomoOptions MatomoStats MessageCode MeterProvider
      OptionError Order OrderItem PerfKey RequestFunctions Span SpanContext TraceState
      TrackedRequest TrackingParameters VisitorId
    `),
  },
  'inspector/index': {
    values: words('formatHits startInspector'),
    types: words(`
      InspectedHit Inspector InspectorOptions InspectorSite OptionError PlayedAnswer
      StoredAction Verdict WaitOptions
    `),
  },
  'gateway/index': {
    values: words('createGateway'),
    types: words('Gateway GatewayOptions GatewayStats ReceiverOptions'),
  },
};

/** Names after `type` in the lists of an entry. */
function exportedTypes(entry: string): string[] {
  const lists = readFileSync(join(ROOT, entry), 'utf8').matchAll(/^export (type )?\{([^}]*)\}/gm);
  const names = [...lists].flatMap(([, isType = '', list = '']) =>
    list.split(',').map((name) => isType + name.trim()),
  );
  return sorted(names.flatMap((name) => /^type (\w+)$/.exec(name)?.[1] ?? []));
}

function declarations(): string[] {
  return readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => readFileSync(join(ROOT, 'dist', file), 'utf8'));
}

/** What npm would publish. */
const [{ size, files: packed }] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    ...{ cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
) as [{ size: number; files: { path: string }[] }];
const files = packed.map(({ path }) => path);

test('the package holds built code, its types, the pages about it and nothing else', () => {
  process.stdout.write(`${files.length} files, ${size} bytes\n`);
  const kinds = files.map((path) =>
    path
      .replace(/^(dist\/cjs)\/.*?((?:\.d)?\.[jt]s)$/, '$1/*$2')
      .replace(/^docs\/[^/]+\.md$/, 'docs/*.md')
      .replace(/^(dist\/cjs\/page)\/[^/]+\.(html|css|svg)$/, '$1/*.$2'),
  );
  expect(sorted(new Set(kinds))).toEqual(
    words(`
      CHANGELOG.md LICENSE README.md dist/LICENSE-protobuf.txt dist/cjs/*.d.ts dist/cjs/*.js
      dist/cjs/package.json dist/cjs/page/*.css dist/cjs/page/*.html dist/cjs/page/*.svg
      dist/esm/index.d.ts dist/esm/index.js docs/*.md package.json register/package.json
    `),
  );
  const bundled = readFileSync(join(ROOT, 'dist/LICENSE-protobuf.txt'), 'utf8');
  expect(bundled).toMatch(/Buf Technologies.*Apache License, Version 2\.0.*Google Inc\./s);
});

test('each entry loads by require and by import, with the same exports, and loads nothing else', async () => {
  const folder = join(secondCopy(), '../..');
  const use = `
    const { isDeepStrictEqual: isSame } = require('node:util');
    const names = (entry) => Object.keys(entry).filter((key) => !/^(?:default|module.exports)$/.test(key)).sort();
    (async () => {
      for (const entry of ['', '/gateway', '/testing', '/register']) {
        const required = names(require('opentelemetry-matomo' + entry));
        const imported = names(await import('opentelemetry-matomo' + entry));
        if (!isSame(required, imported)) console.log(entry, required, imported);
      }
      const others = Object.keys(require.cache).filter((file) => !/opentelemetry-matomo.dist/.test(file));
      console.log(others.join());
    })();`;
  const ended = await runNode(['-e', use], { cwd: folder });
  expect(ended).toMatchObject({ code: 0, stderr: '', stdout: '\n' });
});

test('published types are a file for each entry and those that they share, and link to no page beside them', () => {
  const types = files.flatMap((path) => /^dist\/cjs\/(.*)\.d\.ts$/.exec(path)?.[1] ?? []);
  expect(sorted(new Set(types.map((name) => name.replace(/\d+$/, ''))))).toEqual(
    words('gateway/index index inspector/index register types'),
  );
  const all = declarations().join('');
  expect(all).toContain('@example annotate(');
  expect(all.match(/\]\([^:)]*\.md/g)).toBeNull();
});

test('there are no dependencies, also of published types, and all peers are optional', () => {
  expect(declarations().join('\n')).not.toMatch(/(?:from|import\()\s*['"](?!\.|node:)/);
  expect(packageJson).not.toHaveProperty('dependencies');
  const optional = Object.keys(packageJson.peerDependenciesMeta);
  expect(Object.keys(packageJson.peerDependencies)).toEqual(optional);
});

test.each(Object.entries(EXPORTS))('%s exports these names and no others', async (entry, names) => {
  const { default: _default, ...values } = await import(join(ROOT, `dist/cjs/${entry}.js`));
  expect(sorted(Object.keys(values))).toEqual(names.values);
  expect(exportedTypes(`src/${entry}.ts`)).toEqual(names.types);
});

test('register loads a few files, when the process serves, and what is for a spool only where there is one', async () => {
  const loaded = async (env: Record<string, string>) => {
    const script = `
      require('opentelemetry-matomo/register');
      const loaded = () => Object.keys(require.cache).filter((file) => /dist.cjs/.test(file)).length;
      const before = loaded();
      require('http').createServer().listen(0, () => setImmediate(() => {
        console.log(JSON.stringify([before, loaded()]));
        process.exit();
      }));`;
    const site = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };
    const { stdout } = await runNode(['-e', script], { env: { ...site, ...env } });
    return JSON.parse(stdout) as [number, number];
  };
  const [before, few] = await loaded({});
  expect(before).toBeLessThanOrEqual(5);
  expect(few).toBeLessThanOrEqual(8);
  const [, withSpool] = await loaded({ MATOMO_SPOOL: temporaryFolder() });
  expect(withSpool).toBeGreaterThan(few);
  expect(withSpool).toBeLessThanOrEqual(few + 3); // its store, and what all stores have
});

test('a bundle that imports only the tracking functions is small', async () => {
  const cwd = temporaryFolder();
  const tracking = [
    'annotate, forRequest, ignore, measure',
    'trackEvent, trackGoal, trackHit, trackOrder',
  ].join(', ');
  writeFileSync(join(cwd, 'app.mjs'), `export { ${tracking} } from 'opentelemetry-matomo';`);
  const bundle = await rolldown({
    input: join(cwd, 'app.mjs'),
    platform: 'node',
    resolve: { modules: [join(ROOT, 'node_modules')] },
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  expect(output).toHaveLength(1); // the chunks of the spool and of delivery are others
  expect(output[0].code.length).toBeLessThan(4 * KILOBYTE);
});
