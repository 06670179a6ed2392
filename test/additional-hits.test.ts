import { trace } from '@opentelemetry/api';
import { SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { isInSample } from '../src/hit/visitor/visitor-id.js';
import { annotate, ignore, trackEvent, trackGoal, trackHit, trackOrder } from '../src/index.js';
import { eventually } from './support/child-process.js';
import { captureOutput } from './support/output.js';
import { startExporter } from './support/senders.js';
import { startTracedService } from './support/traced-service.js';

const PATIENT = { scheduledDelayMillis: 60_000 };

test('requests that are ignored send additional hits, unless their visitor is not to be tracked', async () => {
  const service = await startTracedService(
    (request, response) => {
      if (request.url === '/taken-back') ignore();
      trackEvent('at', request.url ?? '');
      response.end();
    },
    {
      ...PATIENT,
      ignorePaths: ['/path', '/path-of-nobody'],
      ignorePatterns: [/^\/pattern/],
      ignoredMethods: ['PUT'],
      ignore: ({ path }) => path === '/callback',
      siteId: ({ path }) => (path === '/no-site' ? undefined : 1),
      doNotTrack: true,
    },
  );
  const dnt = { headers: { dnt: '1' } };
  await service.fetch('/path');
  await service.fetch('/pattern');
  await service.fetch('/callback');
  await service.fetch('/taken-back');
  await service.fetch('/method', { method: 'PUT' });
  await service.fetch('/no-site');
  await service.fetch('/nobody', dnt);
  await service.fetch('/path-of-nobody', dnt);
  await service.requests(8);
  const actions = (await service.hits()).map(({ params }) => params.e_a);
  expect(actions).toEqual(['/path', '/pattern', '/callback', '/taken-back', '/method']);
  expect(service.processor.stats()).toMatchObject({ hits: 5, additionalHits: 5, tracked: 5 });
});

test('outside of a request a call names its visitor, else it is dropped, counted and logged once', async () => {
  const service = await startTracedService((_request, response) => void response.end(), PATIENT);
  trackEvent('Job', 'done', { uid: 'ann' });
  trackOrder({ id: 'B-1', revenue: 5 }, { cid: '0123456789abcdef', idsite: 2 });
  trackEvent('Job', 'done');
  trackGoal(1);
  const hits = (await service.hits()).map(({ params }) => params);
  expect(hits).toMatchObject([
    { idsite: '2', cid: '0123456789abcdef', ec_id: 'B-1', ua: '-' },
    { idsite: '1', uid: 'ann', e_c: 'Job', ua: '-' },
  ]);
  expect(service.processor.stats()).toMatchObject({
    additionalHits: 2,
    dropped: { no_visitor: 2, invalid: 0, too_many: 0 },
  });
});

test.each([
  ['strict', /\bprivacy\b/],
  [undefined, /\buid or cid\b/],
] as const)(
  'with privacy %s, the line about a call of nobody says what can name a visitor',
  async (privacy, said) => {
    const output = captureOutput();
    const options = { ...PATIENT, ...(privacy && { privacy }) };
    const service = await startTracedService((_request, response) => void response.end(), options);
    trackGoal(1, { uid: privacy && 'ann' });
    await service.hits();
    expect(service.processor.stats().dropped.no_visitor).toBe(1);
    expect(output.join('').match(/^.*\[parameter-invalid\]$/gm)).toEqual([
      expect.stringMatching(said),
    ]);
  },
);

test('they never throw, and invalid calls are counted', async () => {
  const service = await startTracedService((_request, response) => {
    const any = (value: unknown) => value as never;
    trackEvent('', 'a');
    trackEvent('0', 'a');
    trackEvent('a', '0');
    trackEvent(any(undefined), any({}));
    trackEvent(any(undefined), any(undefined), { name: 'would be a page view' });
    trackEvent(any(Number.NaN), 'a');
    trackOrder({ id: Number.NaN, revenue: 1 });
    trackGoal(0);
    trackGoal(1, { revenue: Number.NaN });
    trackOrder(any(undefined));
    trackOrder({ id: '', revenue: 1 });
    trackOrder({ id: 'a', revenue: '1,5' });
    trackHit(any(undefined));
    trackHit(any({}));
    trackHit(any({ e_c: 'half' }));
    trackHit({ e_c: 'a', e_a: any(0) });
    trackHit({ c_n: '0' });
    trackHit({ download: 'no url' });
    trackHit(any({ uid: 'only a visitor' }));
    trackHit(any(new Proxy({}, { ownKeys: () => expect.fail('thrown') })));
    trackEvent('a', 'b', {
      cvar: any({
        get plan() {
          return expect.fail('thrown');
        },
      }),
    });
    response.end();
  }, PATIENT);
  expect(await service.visit('/')).toHaveLength(1);
  expect(service.processor.stats()).toMatchObject({
    hits: 1,
    additionalHits: 0,
    dropped: { invalid: 21 },
  });
});

test('arguments in the order of another tracker are left out, and one line has the signature', async () => {
  const output = captureOutput();
  const service = await startTracedService((_request, response) => {
    const call = (fn: unknown, ...given: unknown[]) =>
      (fn as (...all: unknown[]) => void)(...given);
    call(trackEvent, 'a', 'b', 'name', 3);
    call(trackGoal, 5, 'ten');
    call(trackOrder, 'A-1', 59.9);
    call(trackHit, { e_c: 'a', e_a: 'cvar', cvar: 'x' });
    call(trackHit, { e_c: 'a', e_a: 'list', cvar: ['x'] });
    response.end();
  }, PATIENT);
  const [, ...hits] = (await service.visit('/')).map(({ params }) => params);
  expect(hits).toMatchObject([{ e_a: 'b' }, { idgoal: '5' }, { e_a: 'cvar' }, { e_a: 'list' }]);
  for (const hit of hits) expect(hit).not.toHaveProperty('cvar');
  expect(hits[0]).not.toHaveProperty('0');
  const signatures = [
    /trackEvent\(category, .*\{ name, value }/,
    /trackGoal\(goal, \{ revenue }/,
    /trackOrder\(\{ id, /,
    /"cvar" must be .*type string/,
    /"cvar" must be .*a list/,
  ];
  expect(output).toEqual(signatures.map((signature) => expect.stringMatching(signature)));
  for (const line of output) expect(line).toContain('[parameter-invalid]');
});

test('each counts from the end of its request on: pending, and of maxQueueSize', async () => {
  let stats: unknown;
  const service = await startTracedService(
    (_request, response) => {
      for (let i = 0; i < 6; i++) trackEvent('loop', `${i}.`);
      stats = service.processor.stats();
      response.end();
    },
    { ...PATIENT, maxQueueSize: 4 },
  );
  service.inspector.play({ status: 503 }); // hits stay pending although they fill a bulk
  await service.fetch('/');
  await service.requests(1);
  expect(stats).toMatchObject({ hits: 0, additionalHits: 0, pending: 0 });
  expect(service.processor.stats()).toMatchObject({
    hits: 7,
    additionalHits: 6,
    pending: 4,
    lost: { queue_full: 3 },
  });
});

test.for([
  [20, false],
  [200, true],
] as const)('each takes memory of the queue: %i characters', async ([length, isFull]) => {
  const service = await startTracedService(
    (_request, response) => {
      const text = '漢'.repeat(length);
      for (let i = 0; i < 100; i++) trackEvent(text, text, { name: text });
      response.end();
    },
    { ...PATIENT, maxQueueSize: 300, maxExportBatchSize: 300 },
  );
  for (let i = 0; i < 2; i++) await service.fetch('/');
  await service.requests(2);
  const { hits, pending, lost } = service.processor.stats();
  expect(hits).toBe(202);
  expect(pending + lost.queue_full).toBe(202);
  expect(lost.queue_full > 0).toBe(isFull);
  expect(await service.hits()).toHaveLength(pending);
});

test('in a request that runs longer than scheduledDelayMillis they leave first', async () => {
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      response.write('first');
      trackEvent('stream', 'begun');
      end = () => response.end();
    },
    { scheduledDelayMillis: 50 },
  );
  const answer = service.fetch('/stream');
  await eventually(() => service.inspector.hits().length === 1);
  end?.();
  await answer;
  await eventually(() => service.inspector.hits().length === 2);
  const [event, page] = service.inspector.hits().map(({ params }) => params);
  expect(event).toMatchObject({ e_c: 'stream', url: page?.url, cid: page?.cid });
  expect(page).toMatchObject({ action_name: 'GET /stream' });
});

test('what a request started belongs to it after its end, also if it was ignored', async () => {
  let release: (() => void) | undefined;
  const later = new Promise<void>((resolve) => {
    release = resolve;
  });
  const done: Promise<void>[] = [];
  const service = await startTracedService(
    (request, response) => {
      done.push(later.then(() => trackEvent('later', request.url ?? '')));
      response.end();
    },
    { ...PATIENT, ignorePaths: ['/ignored'] },
  );
  await service.visit(['/a', '/ignored']);
  release?.();
  await Promise.all(done);
  const [page, a, ignored] = (await service.hits()).map(({ params }) => params);
  expect(a).toMatchObject({ e_a: '/a', cid: page?.cid, url: page?.url });
  expect(ignored).toMatchObject({ e_a: '/ignored', cid: page?.cid });
});

test('a span event whose time is invalid has the time at which it is sent', async () => {
  const service = await startTracedService((_request, response) => {
    const event = { 'matomo.e_c': 'a', 'matomo.e_a': 'b' };
    trace.getActiveSpan()?.addEvent('matomo.hit', event, new Date('nonsense'));
    const span = trace.getTracer('test').startSpan('job', { root: true });
    span.addEvent('matomo.hit', { ...event, 'matomo.uid': 'ann' }, new Date('nonsense')).end();
    response.end();
  }, PATIENT);
  const hits = await service.visit('/a');
  for (const { params } of hits) expect(Number(params.cdt)).toBeGreaterThan(1e9);
  expect(hits).toHaveLength(3);
});

test('beforeSend sees each and may drop it', async () => {
  const seen: (string | undefined)[] = [];
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('keep', 'a');
      trackEvent('drop', 'b');
      response.end();
    },
    {
      ...PATIENT,
      beforeSend(parameters) {
        seen.push(parameters.e_c);
        return parameters.e_c === 'drop' ? null : { ...parameters, e_n: 'seen' };
      },
    },
  );
  const hits = (await service.visit('/')).map(({ params }) => params);
  expect(seen).toEqual([undefined, 'keep', 'drop']);
  expect(hits).toHaveLength(2);
  expect(hits[1]).toMatchObject({ e_c: 'keep', e_n: 'seen' });
  expect(service.processor.stats()).toMatchObject({
    hits: 2,
    additionalHits: 1,
    pending: 0,
    dropped: { predicate: 1, invalid: 0 },
  });
});

test('of two requests of a visitor the second comes behind all of the first', async () => {
  const service = await startTracedService((request, response) => {
    trackEvent('at', request.url ?? '');
    trackEvent('at', request.url ?? '');
    response.end();
  }, PATIENT);
  const seen = (await service.visit(['/one', '/two', '/three'])).map(
    ({ params }) => params.e_a ?? params.action_name,
  );
  const of = (n: string) => [`GET /${n}`, `/${n}`, `/${n}`];
  expect(seen).toEqual([...of('one'), ...of('two'), ...of('three')]);
});

test('of visitors that are out nothing is sent, of the others everything', async () => {
  const service = await startTracedService(
    (request, response) => {
      const uid = new URL(request.url ?? '', 'http://h').searchParams.get('u') ?? undefined;
      if (uid) annotate({ uid });
      trackEvent('at', 'end');
      response.end();
    },
    { ...PATIENT, sampleRate: 0.5, visitorKey: 'key' },
  );
  const users = Array.from({ length: 40 }, (_, i) => `user${i}`);
  for (const user of users) {
    await service.fetch(`/a?u=${user}`);
    await service.fetch(`/b?u=${user}`);
  }
  await service.requests(80);
  for (const uid of users) trackGoal(1, { uid });
  const hits = (await service.hits()).map(({ params }) => params);
  const taken = users.filter((user) => isInSample(user, 0.5));
  expect(taken.length).toBeGreaterThan(5);
  expect(taken.length).toBeLessThan(35);
  expect(new Set(hits.map(({ uid }) => uid))).toEqual(new Set(taken));
  expect(hits).toHaveLength(taken.length * 5);
  expect(service.processor.stats()).toMatchObject({
    hits: hits.length,
    ignored: { sampled: 2 * (40 - taken.length) },
  });
});

test('an exporter alone gets them as events of the active span', async () => {
  const { inspector, exporter } = await startExporter({
    ignorePaths: ['/matomo.php'], // of the inspector, which is a server of this process
  });
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('ex', 'ported', { value: 2, cvar: { a: 'b' } });
      trackOrder({ id: 'E-1', revenue: 3, items: [{ sku: 'x' }] });
      response.end();
    },
    { enabled: false },
    { spanProcessors: [new SimpleSpanProcessor(exporter as never)] },
  );
  onTestFinished(() => exporter.shutdown());
  await service.fetch('/a');
  trackEvent('job', 'x', { uid: 'ann' });
  trackEvent('job', 'of nobody');
  await eventually(() => exporter.stats().hits === 4);
  await exporter.forceFlush();
  const hits = inspector.hits().map(({ params }) => params);
  const [page, event, order] = hits.filter(({ uid }) => uid === undefined);
  expect(event).toMatchObject({ e_c: 'ex', e_v: '2', cvar: '{"1":["a","b"]}', cid: page?.cid });
  expect(order).toMatchObject({ ec_id: 'E-1', ec_items: '[["x","","",0,1]]' });
  expect(hits.find(({ uid }) => uid === 'ann')).toMatchObject({ e_c: 'job' });
  expect(exporter.stats()).toMatchObject({ additionalHits: 3, dropped: { no_visitor: 1 } });
});
