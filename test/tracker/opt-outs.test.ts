import { AsyncResource } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { isInSample } from '../../src/hit/visitor/visitor-id.js';
import { annotate, trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { capturedHeaders, finishedSpan, hitEventOf } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { setEnvironment } from '../support/environment.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, hitEvent, otlpSpan, requestSpan } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const PATIENT = { scheduledDelayMillis: 60_000 };

/** A service that tracks some events with each request. */
function start(options: MatomoOptions, events = 1) {
  return startTracedService(
    (_request, response) => {
      for (let i = 0; i < events; i++) trackEvent('at', String(i + 1), { uid: 'ann' });
      response.end();
    },
    { ...PATIENT, ...options },
  );
}

test.each([
  ['with several values', { dnt: ['1', '1'] }],
  ['with one of several values', { dnt: ['0', '1'] }],
  ['as Sec-GPC', { 'sec-gpc': '1' }],
])(
  'an opt-out %s is for the request and all its events, also those beyond 100',
  async (_how, headers) => {
    const service = await start({ doNotTrack: true }, 130);
    expect(await service.visit('/a', { headers: headers as never })).toEqual([]);
    expect(service.processor.stats()).toMatchObject({
      hits: 0,
      ignored: { do_not_track: 1 },
      dropped: { too_many: 30 },
    });
  },
);

test('consent is for the request and all its events', async () => {
  const output = captureOutput();
  const service = await start({ consent: 'cookie:consent=yes' });
  const cookies = ['consent=yes', 'consent=yesno', 'consent=no; consent=yes'];
  for (const cookie of cookies) await service.fetch('/a', { headers: { cookie } });
  await service.fetch('/a');
  await service.requests(4);
  trackEvent('at', 'night', { uid: 'ann' });
  const hits = (await service.hits()).map(({ params }) => params.e_a ?? params.action_name);
  expect(new Set(hits)).toEqual(new Set(['GET /a', '1', 'night']));
  expect(service.processor.stats().ignored).toMatchObject({ no_consent: 3 });
  expect(output.join('')).not.toContain('[headers-not-captured]');
});

test.each<[options: MatomoOptions, headers: Record<string, string>, hits: number]>([
  [{ ignoreAddresses: [] }, {}, 2],
  [{ ignoreAddresses: ['127.0.0.1'] }, {}, 0],
  [{ ignoreAddresses: ['192.0.2.7', 'LOOPBACK'], anonymizeIp: 4 }, {}, 0],
  [{ ignoreAddresses: ['::ffff:127.0.0.0/104'] }, {}, 0],
  [{ ignoreAddresses: ['127.0.0.2', '128.0.0.0/8', '::1'] }, {}, 2],
  [{ ignoreAddresses: ['192.0.2.7'] }, { 'x-forwarded-for': '192.0.2.7' }, 2],
  [{ ignoreAddresses: ['192.0.2.0/24'], trustProxy: 1 }, { 'x-forwarded-for': '192.0.2.7' }, 0],
  [{ ignoreAddresses: ['loopback'], trustProxy: 1 }, { 'x-forwarded-for': '192.0.2.7' }, 2],
])('%j, headers %j: %i hits of a request and its event', async (options, headers, hits) => {
  const service = await start(options);
  expect(await service.visit('/a', { headers })).toHaveLength(hits);
  expect(service.processor.stats().ignored.address).toBe(hits === 0 ? 1 : 0);
});

test.each<[options: MatomoOptions, headers: Record<string, string>, isLogged: boolean]>([
  [{ ignoreAddresses: ['loopback'] }, { 'x-forwarded-for': '192.0.2.7' }, true],
  [{ ignoreAddresses: ['loopback'] }, {}, false],
  [{ ignoreAddresses: ['192.0.2.0/24'] }, { 'x-forwarded-for': '192.0.2.7' }, false],
  [{ ignoreAddresses: ['192.0.2.0/24'], trustProxy: 1 }, { 'x-forwarded-for': '192.0.2.7' }, false],
])(
  '%j, headers %j: the log says that a proxy is ignored: %s',
  async (options, headers, isLogged) => {
    const output = captureOutput();
    const service = await start(options);
    await service.visit('/a', { headers });
    await service.visit('/b', { headers });
    const lines = output.filter((line) => line.includes('[proxy-ignored]'));
    expect(lines).toHaveLength(isLogged ? 1 : 0);
  },
);

test.each([
  ['throws', () => expect.fail('thrown'), 0],
  ['returns a promise', () => Promise.resolve(false), 0],
  ['returns a promise that rejects', () => Promise.reject(new Error('late')), 0],
  ['returns true', () => true, 1],
  ['returns a true value', () => 'yes', 1],
  ['returns nothing', () => undefined, 2],
])('an ignore that %s', async (_what, ignore, hits) => {
  const output = captureOutput();
  const service = await start({ ignore: ignore as never });
  expect(await service.visit('/a')).toHaveLength(hits);
  expect(service.processor.stats().ignored.predicate).toBe(hits === 2 ? 0 : 1);
  expect(output.join('').includes('[callback-failed]')).toBe(hits === 0);
});

test('an event after the end of a request has the decision of the request', async () => {
  let later = () => {};
  const service = await startTracedService(
    (_request, response) => {
      later = AsyncResource.bind(() => trackEvent('at', 'later', { uid: 'ann' }));
      response.end();
    },
    { ...PATIENT, consent: 'header:x-consent=yes', ignorePaths: ['/ignored'] },
  );
  for (const consent of ['yes', 'no']) {
    await service.fetch('/ignored', { headers: { 'x-consent': consent } });
    later();
  }
  expect((await service.hits()).map(({ params }) => params.e_a)).toEqual(['later']);
});

test('an event with a user of its own is not sent if the visitor of its request is out of the sample', async () => {
  const users = Array.from({ length: 50 }, (_, i) => `user${i}`);
  const isIn = (user: string) => isInSample(user, 0.5);
  const [out, taken] = [users.find((user) => !isIn(user)), users.find(isIn)];
  const service = await startTracedService(
    (request, response) => {
      annotate({ uid: request.headers['x-user'] as string });
      trackEvent('by', String(request.headers['x-user']), { uid: taken as string });
      response.end();
    },
    { ...PATIENT, sampleRate: 0.5 },
  );
  for (const user of [out, taken]) {
    await service.fetch('/a', { headers: { 'x-user': user as string } });
  }
  await service.requests(2);
  const events = (await service.hits()).flatMap(({ params }) => params.e_a ?? []);
  expect(events).toEqual([taken]);
});

/** An exporter with one export of these spans; its hits and what it logged. */
async function exported(options: MatomoOptions, spans: Parameters<typeof finishedSpan>[0][]) {
  const output = captureOutput();
  const { exporter, inspector } = await startExporter(options);
  exporter.export(spans.map(finishedSpan), () => undefined);
  await exporter.forceFlush();
  const hits = inspector.hits().map(({ params }) => params.e_a ?? params.action_name);
  return { hits, stats: exporter.stats(), output: output.join('') };
}

const requestWith = (headers: Record<string, string[]>) => ({
  attributes: {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.path': '/a',
    'network.peer.address': '192.0.2.1',
    ...capturedHeaders(headers),
  },
  events: [hitEventOf({ e_c: 'at', e_a: 'event' })],
});
const ALL = ['GET /a', 'event'];
const LISTED = ['DNT', 'Sec_GPC'];

test.each([
  [{ doNotTrack: true }, {}, [], 'do_not_track', true],
  [{ doNotTrack: true, capturedHeaders: LISTED }, {}, ALL, undefined, false],
  [{ doNotTrack: true, capturedHeaders: LISTED }, { DNT: ['1'] }, [], 'do_not_track', false],
  [{ doNotTrack: true }, { sec_gpc: ['1'] }, [], 'do_not_track', false],
  [{ consent: 'cookie:consent=yes' }, {}, [], 'no_consent', true],
  [{ consent: 'cookie:consent=yes', capturedHeaders: ['cookie'] }, {}, [], 'no_consent', false],
  [{ consent: 'cookie:consent=yes' }, { cookie: ['consent=yes'] }, ALL, undefined, false],
  [{ consent: 'cookie:c=y' }, { cookie: ['c=y', 'c=n'] }, [], 'no_consent', false],
  [{ consent: 'header:x_consent=yes' }, { 'x-consent': ['yes'] }, ALL, undefined, false],
  [{ ignoreAddresses: ['192.0.2.1'] }, {}, [], 'address', false],
  [{ ignoreAddresses: ['192.0.2.2'] }, {}, ALL, undefined, false],
] as const)(
  'exporter, %j, headers %j: %j, %s',
  async (options, headers, sent, reason, isLogged) => {
    const { hits, stats, output } = await exported(options as MatomoOptions, [
      requestWith(headers as never),
    ]);
    expect(hits).toEqual(sent);
    if (reason) expect(stats.ignored[reason]).toBe(1);
    expect(output.includes('[headers-not-captured]')).toBe(isLogged);
  },
);

const CONSENT = 'cookie:consent=yes';

test.each([
  [{ MATOMO_DO_NOT_TRACK: 'true' }, 'do_not_track', 0],
  [{ MATOMO_DO_NOT_TRACK: 'true', MATOMO_CAPTURED_HEADERS: 'dnt' }, 'do_not_track', 0],
  [{ MATOMO_DO_NOT_TRACK: 'true', MATOMO_CAPTURED_HEADERS: 'dnt,sec-gpc' }, 'do_not_track', 2],
  [{ MATOMO_CONSENT: CONSENT }, 'no_consent', 0],
  [{ MATOMO_IGNORE_ADDRESSES: '192.0.2.0/24' }, 'address', 0],
  [{ MATOMO_IGNORE_ADDRESSES: '192.0.2.0/25,2001:db8::/32' }, 'address', 2],
] as const)('gateway, %j, %s: %i requests tracked', async (env, reason, tracked) => {
  setEnvironment(env);
  const client = { 'network.peer.address': '192.0.2.200' };
  const body = exportRequest(['/a', '/b'].map((path) => requestSpan(path, {}, client)));
  const output = captureOutput();
  const { gateway, inspector } = await startGateway(PATIENT);
  await sendSpans(gateway, body);
  await gateway.close();
  const reports = () => output.splice(0).filter((line) => line.includes('[headers-not-captured]'));
  const isUnclear = tracked === 0 && reason !== 'address';
  expect([gateway.stats().ignored[reason], reports().length]).toEqual([
    2 - tracked,
    Number(isUnclear),
  ]);
  expect(inspector.hits()).toHaveLength(tracked);
});

test.each([
  [{}, ['of a request', 'of a job']],
  [{ doNotTrack: true }, ['of a job']],
  [{ consent: 'cookie:consent=yes' }, ['of a job']],
  [{ ignoreAddresses: ['10.0.0.1'] }, ['of a job']],
])('exporter, %j, events of spans without a request: %j', async (options, sent) => {
  const event = (action: string) => hitEventOf({ e_c: 'at', e_a: action, uid: 'ann' });
  const { hits, output } = await exported(options, [
    { kind: 0, parentSpanContext: { spanId: 'f'.repeat(16) }, events: [event('of a request')] },
    { kind: 0, events: [event('of a job')] },
  ]);
  expect(hits).toEqual(sent);
  expect(output.includes('[request-unknown]')).toBe(sent.length === 1);
});

test('a client whose address is not known is not ignored', async () => {
  const { attributes } = requestWith({});
  const { stats } = await exported({ ignoreAddresses: ['0.0.0.0/0', '::/0'] }, [
    { attributes: { ...attributes, 'network.peer.address': '/run/app.sock' } },
    { attributes: { ...attributes, 'network.peer.address': '2001:db8::1' } },
  ]);
  expect(stats).toMatchObject({ hits: 1, ignored: { address: 1 } });
});

test('exporter: a call in a span that is not recorded may be of a client that opted out', async () => {
  const { exporter, inspector } = await startExporter({ doNotTrack: true });
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('in', 'request', { uid: 'ann' });
      response.end();
    },
    { enabled: false },
    { sampler: { shouldSample: () => ({ decision: 0 }) } },
  );
  await service.fetch('/a');
  trackEvent('in', 'job', { uid: 'ann' });
  await exporter.forceFlush();
  expect(inspector.hits().map(({ params }) => params.e_a)).toEqual(['job']);
});

test.each([
  ['has opted out', { doNotTrack: true }, { dnt: '1' }, false],
  ['has not consented', { consent: 'header:x-consent=yes' }, {}, false],
  ['makes ignore fail', { ignore: () => expect.fail('thrown') }, {}, false],
  ['is ignored', { ignore: () => true }, {}, true],
])('an event of a request that still runs and %s', async (_what, options, headers, isSent) => {
  captureOutput();
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      response.write('open');
      trackEvent('in', 'stream', { uid: 'ann' });
      end = () => response.end();
    },
    { ...options, ...PATIENT },
  );
  const answer = service.fetch('/stream', { headers });
  await eventually(() => end);
  await service.processor.forceFlush();
  expect(service.inspector.hits()).toHaveLength(isSent ? 1 : 0);
  end?.();
  await answer;
  expect(await service.hits()).toHaveLength(isSent ? 1 : 0);
});

test('gateway: events of spans whose request is missing are not sent, those of jobs are', async () => {
  const { gateway, inspector } = await startGateway({
    doNotTrack: true,
    capturedHeaders: ['dnt', 'sec-gpc'],
  });
  const event = (e_a: string) => ({ events: [hitEvent({ e_c: 'at', e_a, uid: 'ann' })] });
  const shown = requestSpan('/shown');
  const hidden = requestSpan('/hidden', {}, { 'http.request.header.DNT': ['1'] });
  const job = otlpSpan({});
  const spans = [
    ...[shown, below(shown, {}, event('shown'))],
    ...[hidden, below(hidden, {}, event('hidden'))],
    ...[job, below(job, {}, event('job'))],
    below(requestSpan('/missing'), {}, event('missing')),
  ];
  await sendSpans(gateway, exportRequest(spans));
  await gateway.close();
  const hits = inspector.hits().map(({ params }) => params.e_a ?? params.action_name);
  expect(new Set(hits)).toEqual(new Set(['GET /shown', 'shown', 'job']));
  expect(gateway.stats().ignored.do_not_track).toBe(1);
});
