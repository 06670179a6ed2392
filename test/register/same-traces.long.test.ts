import { expect, test } from 'vitest';
import { sampled } from '../support/long.js';
import { matomo, titles } from '../support/registered-app.js';
import { EXPORTS_SPANS, TRACINGS, TRACKED, traceApplication } from './exported-spans.js';

/** The others are nearly the same, have no spans, or run with another SDK in `test/system/matrix`. */
const FEW = new Set(['by auto-instrumentations', 'for half of its requests', 'late']);

test.each(
  sampled(
    TRACINGS.filter(([how]) => FEW.has(how)),
    TRACINGS,
  ),
)(
  'an application that is traced %s has the traces, headers and globals that it has without this package',
  async (_how, flags, setUp, paths, spans) => {
    const untracked = await traceApplication([...flags, EXPORTS_SPANS], paths, { env: setUp });
    expect(untracked.spans).toHaveLength(spans);
    for (const [name, { preloads, settings }] of Object.entries(TRACKED)) {
      const { inspector, env: site } = await matomo();
      const tracked = await traceApplication([...flags, ...preloads, EXPORTS_SPANS], paths, {
        env: { ...setUp, ...site, ...settings, MATOMO_SCHEDULE_DELAY: '0' },
      });
      expect(tracked, name).toEqual(untracked);
      expect(titles(inspector), name).toHaveLength(paths.length + 2);
    }
  },
);
