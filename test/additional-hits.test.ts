import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { trackEvent } from '../src/index.js';
import { eventually } from './support/child-process.js';
import { sorted } from './support/sorted.js';
import { linesIn } from './support/spool.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { startTracedService } from './support/traced-service.js';

// What these hits are made of: test/contracts/hit/events.test.ts and values.test.ts.

test.each([false, true])(
  'in a request that goes on, they are sent after scheduledDelayMillis, or soon stored in a spool (%s)',
  async (isSpooled) => {
    const spool = temporaryFolder();
    let end: (() => void) | undefined;
    const service = await startTracedService(
      (_request, response) => {
        response.write('first');
        trackEvent('stream', 'begun');
        end = () => response.end();
      },
      isSpooled
        ? { spool, scheduledDelayMillis: 60_000, visitorKey: 'not-from-the-spool' }
        : { scheduledDelayMillis: 50 },
    );
    const answer = service.fetch('/stream');
    const hits = () => service.inspector.hits();
    await eventually(() => (isSpooled ? linesIn(spool) : hits()).length === 1);
    if (isSpooled) expect(linesIn(spool)[0]).toContain('e_c=stream');
    end?.();
    await answer;
    await eventually(() => service.processor.stats().hits === 2);
    await service.processor.forceFlush();
    // After half a minute, the page view is in another bulk.
    const names = sorted(hits().map(({ params }) => params.e_a ?? params.action_name));
    expect(names).toEqual(['GET /stream', 'begun']);
    expect(new Set(hits().map(({ params }) => `${params.url} ${params.cid}`)).size).toBe(1);
  },
);

test('a span event whose time is invalid has the time at which it is sent', async () => {
  const service = await startTracedService((_request, response) => {
    const event = { 'matomo.e_c': 'a', 'matomo.e_a': 'b' };
    trace.getActiveSpan()?.addEvent('matomo.hit', event, new Date('nonsense'));
    const span = trace.getTracer('test').startSpan('job', { root: true });
    span.addEvent('matomo.hit', { ...event, 'matomo.uid': 'ann' }, new Date('nonsense')).end();
    response.end();
  });
  const hits = await service.visit('/a');
  for (const { params } of hits) expect(Number(params.cdt)).toBeGreaterThan(1e9);
  expect(hits).toHaveLength(3);
});
