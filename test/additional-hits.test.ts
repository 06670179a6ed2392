import { trace } from '@opentelemetry/api';
import { SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { trackEvent, trackOrder } from '../src/index.js';
import { eventually } from './support/child-process.js';
import { startExporter } from './support/senders.js';
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

test('an exporter alone gets them as events of the active span, with dates and decimals', async () => {
  const { inspector, exporter } = await startExporter({
    tokenAuth: 'a-token',
    ignorePaths: ['/matomo.php'], // of the inspector, which is a server of this process
  });
  const time = new Date(Math.floor(Date.now() / 1000 - 86_400) * 1000);
  const decimal = { toString: () => '2.5' } as never;
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('ex', 'ported', { value: decimal, cvar: { a: 'b' }, cdt: time });
      trackEvent('no', 'time', { cdt: {} as never });
      trackOrder({ id: 'E-1', revenue: 3, items: [{ sku: 'x' }] });
      response.end();
    },
    { enabled: false },
    { spanProcessors: [new SimpleSpanProcessor(exporter as never)] },
  );
  await service.fetch('/a');
  trackEvent('job', 'x', { uid: 'ann' });
  trackEvent('job', 'of nobody');
  await eventually(() => exporter.stats().hits === 4);
  await exporter.forceFlush();
  const hits = inspector.hits().map(({ params }) => params);
  const page = hits.find(({ action_name }) => action_name !== undefined);
  expect(hits.find(({ e_c }) => e_c === 'ex')).toMatchObject({
    e_v: '2.5',
    cvar: '{"1":["a","b"]}',
    cid: page?.cid,
    cdt: String(time.getTime() / 1000),
  });
  expect(hits.find(({ ec_id }) => ec_id === 'E-1')?.ec_items).toBe('[["x","","",0,1]]');
  expect(hits.find(({ uid }) => uid === 'ann')).toMatchObject({ e_c: 'job' });
  const dropped = { no_visitor: 1, invalid: 1 };
  expect(exporter.stats()).toMatchObject({ additionalHits: 3, dropped });
});
