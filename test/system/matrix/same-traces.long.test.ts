import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  EXPORTS_SPANS,
  exportingTo,
  probe,
  type Receivers,
  TRACINGS,
  TRACKED,
  traceApplication,
} from '../../register/exported-spans.js';
import { eventually, ROOT, startServer } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { type Cell, matrix, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { get, matomo, REGISTER, titles } from '../../support/registered-app.js';

/** How many pages are requested from Next.js. Each has about ten spans. */
const PAGES = 5;
/** `test/register/same-traces.long.test.ts` has all ways with one SDK. */
const FEW = new Set(['in code', 'late']);
const WAYS = TRACINGS.filter(([how]) => FEW.has(how));
const npmPackage = packBeforeTests();
const cells = new Map(matrix.planCells({ core: true }).map((cell) => [cell.sdk, cell]));

test.each(sampled([...cells].slice(-1), [...cells]))(
  'with SDK %s, applications have the traces, headers and globals that they have without this package',
  async (_sdk, cell) => {
    const { folder: cwd, node } = await preparePlace({ ...cell, build: [] }, npmPackage());
    cpSync(EXPORTS_SPANS, join(cwd, basename(EXPORTS_SPANS)));
    for (const [how, flags, setUp, paths, spans] of WAYS) {
      const { inspector, env: site } = await matomo();
      const env = { ...setUp, ...site, MATOMO_SCHEDULE_DELAY: '0' };
      const run = (preloads: readonly string[], settings = {}) =>
        traceApplication([...flags, ...preloads, basename(EXPORTS_SPANS)], paths, {
          cwd,
          node,
          env: { ...env, ...settings },
        });
      const alone = await run([]);
      expect(alone.spans.length > 0, how).toBe(spans > 0);
      for (const [name, { preloads, settings }] of Object.entries(TRACKED)) {
        inspector.clear();
        expect(await run(preloads, settings), `${how}, with ${name}`).toEqual(alone);
        expect(titles(inspector), `${how}, with ${name}`).toHaveLength(paths.length + 2);
      }
    }
  },
);

/** It takes minutes to build. */
const NEXT = sampled([], ['Next.js']);

test.each(NEXT)(
  '%s whose instrumentation.js starts an SDK after the first connection exports all of its spans',
  async (framework) => {
    const next = matrix.FRAMEWORKS.find(({ name }) => name === framework) as Cell;
    const folder = 'next-instrumented';
    const build = [{ args: ['next/dist/bin/next', 'build'], cwd: folder }];
    const { folder: cwd, node } = await preparePlace({ ...next, build }, npmPackage());
    const { startOtlpReceiver }: Receivers = await import(`${ROOT}tools/matrix/otlp-receiver.mjs`);

    async function run(preloads: readonly string[], site: Readonly<Record<string, string>>) {
      const receiver = await startOtlpReceiver();
      onTestFinished(() => receiver.close());
      const env = {
        ...exportingTo(receiver.url),
        OTEL_BSP_SCHEDULE_DELAY: '50',
        NEXT_TELEMETRY_DISABLED: '1',
        ...site,
      };
      const start = ['../node_modules/next/dist/bin/next', 'start', folder, '--port', '0'];
      const listening = ['--require', './listening.cjs'];
      const args = [...listening, ...preloads, ...start, '--hostname', '127.0.0.1'];
      const app = await startServer(args, { cwd, node, env });
      await probe(app.url);
      for (let id = 1; id <= PAGES; id += 1) await get(`${app.url}/users/${id}`);
      // The SERVER span of a request ends last.
      const isServer = (span: string) => span.startsWith('SERVER');
      await eventually(() => receiver.spans().filter(isServer).length === PAGES);
      await app.stop();
      return receiver.spans();
    }

    const { inspector, env } = await matomo();
    const alone = await run([], {});
    expect(alone.length).toBeGreaterThan(PAGES);
    expect(await run(REGISTER, env)).toEqual(alone);
    expect(titles(inspector)).toEqual(Array(PAGES).fill('GET /users/[id]'));
  },
);
