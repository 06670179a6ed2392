import { expect, test } from 'vitest';
import type { MatomoStats } from '../../../src/index.js';
import { eventually } from '../../support/child-process.js';
import { APPS, get, startTracked, TRACED } from '../../support/registered-app.js';

const WAYS = [
  ['without tracing', [], []],
  ['with tracing', TRACED, ['status-fails']], // which ends the instrumentation's own listener
] as const;

test.each(WAYS)(
  'an application that breaks its requests and responses, %s, works, and each of them is counted',
  async (_how, preload, except: readonly string[]) => {
    const { inspector, app } = await startTracked([...preload, `${APPS}/host/breaks.cjs`], {
      MATOMO_SCHEDULE_DELAY: '100',
      MATOMO_IGNORE_PATHS: '/names,/stats,/flush',
    });
    const all: string[] = JSON.parse(await get(`${app.url}/names`));
    const names = all.filter((name) => !except.includes(name));
    expect(names.length).toBeGreaterThan(15);
    const stats = async (): Promise<MatomoStats> => JSON.parse(await get(`${app.url}/stats`));
    let before = await stats();
    for (const name of names) {
      expect(await get(`${app.url}/${name}`)).toBe(name);
      const after = await eventually(
        async () => {
          const now = await stats();
          return now.hits > before.hits && now.pending === 0 && now;
        },
        { describe: () => `a hit of ${name}: ${app.stderr()}` },
      );
      expect(after.hits, name).toBe(before.hits + 1);
      const tracked = after.tracked - before.tracked;
      expect(tracked + after.lost.rejected - before.lost.rejected, name).toBe(1);
      before = after;
    }
    expect(await get(`${app.url}/flush`)).toBe('flushed');
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    const line = /^opentelemetry-matomo: A hit could not be built .* \[internal-error\]\n$/;
    expect(app.stderr()).toMatch(line);
    expect(inspector.hits()).toHaveLength(before.tracked);
  },
);
