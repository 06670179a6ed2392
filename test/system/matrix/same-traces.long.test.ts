import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  EXPORTS_SPANS,
  TRACINGS,
  TRACKED,
  traceApplication,
} from '../../register/exported-spans.js';
import { sampled } from '../../support/long.js';
import { matrix, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { matomo, titles } from '../../support/registered-app.js';

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
