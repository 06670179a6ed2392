import type { ServerResponse } from 'node:http';
import { context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import {
  annotate,
  ignore,
  measure,
  trackEvent,
  trackGoal,
  trackHit,
  trackOrder,
} from '../../src/index.js';
import { currentRequest } from '../../src/request/contexts.js';
import { eventually } from '../support/child-process.js';
import { countAllRequests } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';
import { startCallbackConnection } from './callback-connection.js';

const tracer = () => trace.getTracer('driver');

/** `/alice` opens the connection and stays open until `release` is called. */
async function startService(
  onAnswer: (user: string, response: ServerResponse) => void,
  sdkOptions: Parameters<typeof startTracedService>[2] = {},
) {
  const connection = await startCallbackConnection();
  let release = () => {};
  const asyncContexts = new Set<unknown>();
  if (sdkOptions.sampler) countAllRequests();
  const service = await startTracedService(
    (request, response) => {
      const user = request.url?.slice(1) ?? '';
      tracer().startActiveSpan('query', (span) => {
        // As instrumentations of drivers do.
        const answered = context.bind(context.active(), () => {
          asyncContexts.add(currentRequest());
          onAnswer(user, response);
          span.end();
        });
        connection.query(answered);
      });
      if (user === 'alice') release = () => response.end();
    },
    {},
    sdkOptions,
  );
  /** Calls functions in a later callback of the connection. */
  const callBack = (late: readonly (() => void)[]) =>
    new Promise<void>((resolve) => {
      connection.query(() => {
        asyncContexts.add(currentRequest());
        for (const callback of late) callback();
        resolve();
      });
    });
  return { service, callBack, release: () => release(), asyncContexts };
}

/** Without traces of clients, and with one trace for all requests. */
const NO_TRACE = {};
const ONE_TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

const UNSAMPLED = { sampler: new AlwaysOffSampler() };

const WAYS: readonly [Record<string, string>, Parameters<typeof startTracedService>[2]][] = [
  [NO_TRACE, {}],
  [ONE_TRACE, {}],
  [NO_TRACE, UNSAMPLED],
  [ONE_TRACE, UNSAMPLED],
];

test.each(WAYS)(
  'the active span wins over the async context in all functions, also if it is not recorded, with %j, %j',
  async (headers, sdkOptions) => {
    let answers = 0;
    const { service, release, asyncContexts } = await startService((user, response) => {
      answers += 1;
      const mark = { dimension1: user };
      trackEvent('Shop', 'paid', mark);
      trackGoal(2, mark);
      trackOrder({ id: user, revenue: 1 }, mark);
      trackHit({ download: `https://shop.example/${user}`, ...mark });
      annotate({ dimension2: user });
      void measure('pf_dm1', () => 1);
      const tagged = { 'matomo.perf_key': 'pf_dm2', 'matomo.dimension3': user };
      tracer().startSpan('step', { attributes: tagged }).end();
      if (user === 'private') ignore();
      if (user !== 'alice') response.end();
    }, sdkOptions);
    const alice = service.fetch('/alice', { headers });
    await eventually(() => answers === 1);
    await service.fetch('/bob', { headers });
    await service.fetch('/private', { headers });
    release();
    await alice;
    await service.requests(3);
    const hits = await service.hits();
    expect(asyncContexts.size).toBe(1); // that of /alice, which opened the connection
    const ofUsers = hits.map(({ params }) => [
      new URL(params.url ?? '').pathname.slice(1),
      params.dimension1 ?? params.dimension2,
    ]);
    expect(ofUsers.filter(([user, mark]) => user !== mark)).toEqual([]);
    expect(sorted(ofUsers.map(([user = '']) => user))).toEqual([
      ...Array(5).fill('alice'),
      ...Array(5).fill('bob'),
      ...Array(4).fill('private'),
    ]);
    expect(service.processor.stats()).toMatchObject({ ignored: { attribute: 1 } });
    const timed = hits.filter(({ params }) => params.pf_dm1 !== undefined);
    // Spans that are not recorded have no attributes.
    expect(timed.map(({ params }) => params.dimension3)).toEqual(
      timed.map(({ params }) => (sdkOptions?.sampler ? undefined : params.dimension2)),
    );
    expect(timed).toHaveLength(2);
  },
);

test('a callback after the end of its request makes a hit of its visitor', async () => {
  const late: (() => void)[] = [];
  const { service, callBack, release, asyncContexts } = await startService((user, response) => {
    if (user === 'alice') return;
    late.push(context.bind(context.active(), () => trackEvent('Shop', user)));
    response.end();
  });
  const alice = service.fetch('/alice');
  await eventually(() => asyncContexts.size === 1);
  release();
  await alice;
  await service.fetch('/bob');
  await service.requests(2);
  expect(await service.hits()).toHaveLength(2);
  await callBack(late);
  expect(asyncContexts.size).toBe(1);
  const [, , event] = await service.hits();
  expect(new URL(event?.params.url ?? '').pathname).toBe('/bob');
});

/** `/alice` has no span that is recorded. */
const WITHOUT_ALICE: Sampler = {
  shouldSample: (
    _context,
    _traceId,
    _name,
    _kind,
    { 'url.path': path, 'http.target': target },
  ) => ({
    decision: [path, target].includes('/alice')
      ? SamplingDecision.NOT_RECORD
      : SamplingDecision.RECORD_AND_SAMPLED,
  }),
};
const SPANLESS_ALICE = { sampler: WITHOUT_ALICE };

test.each([...WAYS, [NO_TRACE, SPANLESS_ALICE], [ONE_TRACE, SPANLESS_ALICE]] as typeof WAYS)(
  'a callback after the hit of its request was built changes no open request of another visitor, with %j, %j',
  async (headers, sdkOptions) => {
    const late: (() => void)[] = [];
    const { service, callBack, release, asyncContexts } = await startService((user, response) => {
      if (user === 'alice') return;
      const span = tracer().startSpan('work');
      const change = () => {
        span.addEvent('matomo.hit', { 'matomo.e_c': 'Shop', 'matomo.e_a': user }).end();
        annotate({ dimension1: user });
        trackEvent('Shop', user);
        void measure('pf_dm1', () => 1);
        ignore();
      };
      late.push(context.bind(context.active(), change));
      response.end();
    }, sdkOptions);
    const alice = service.fetch('/alice', { headers });
    await eventually(() => asyncContexts.size === 1);
    await service.fetch('/bob', { headers });
    await service.requests(1);
    expect(await service.hits()).toHaveLength(1);
    await callBack(late);
    expect(asyncContexts.size).toBe(1);
    release();
    await alice;
    await service.requests(2);
    const hits = (await service.hits()).map(({ params }) => params);
    const ofAlice = hits.filter(({ url }) => url?.endsWith('/alice'));
    expect(ofAlice.map(({ action_name }) => action_name)).toEqual(['GET /alice']);
    for (const name of ['dimension1', 'pf_dm1']) expect(ofAlice[0]).not.toHaveProperty(name);
  },
);

test('work of a request in a trace of its own belongs to the request, in spans of any depth', async () => {
  const service = await startTracedService((_request, response) => {
    tracer().startActiveSpan('job', { root: true }, (job) => {
      annotate({ dimension1: 'job' });
      tracer().startActiveSpan('step', (step) => {
        trackEvent('job', 'step');
        step.end();
      });
      job.end();
    });
    response.end();
  });
  const hits = await service.visit('/job');
  expect(hits.map(({ params }) => [params.e_c, new URL(params.url ?? '').pathname])).toEqual([
    [undefined, '/job'],
    ['job', '/job'],
  ]);
  expect(hits[0]?.params.dimension1).toBe('job');
});

test.each([NO_TRACE, ONE_TRACE])(
  'work in a trace of its own belongs to the request that began it also in callbacks of others, with %j',
  async (headers) => {
    const connection = await startCallbackConnection();
    let release = () => {};
    const service = await startTracedService((request, response) => {
      const user = request.url?.slice(1) ?? '';
      if (user === 'alice') release = () => response.end();
      const finish = () => {
        if (user !== 'alice') response.end();
      };
      /** The second one starts in the async context of `/alice`. */
      const startJob = (then: () => void) =>
        tracer().startActiveSpan('job', { root: true }, () => {
          const answered = context.bind(context.active(), () => {
            annotate({ dimension1: user });
            trackEvent('Job', user);
            if (user === 'private') ignore();
            then();
          });
          connection.query(answered);
        });
      startJob(() => startJob(finish));
    });
    const alice = service.fetch('/alice', { headers });
    await eventually(() => service.processor.stats().additionalHits === 2);
    await service.fetch('/bob', { headers });
    await service.fetch('/private', { headers });
    release();
    await alice;
    await service.requests(3);
    const ofUsers = (await service.hits()).map(({ params }) => [
      new URL(params.url ?? '').pathname.slice(1),
      params.e_a ?? params.dimension1,
    ]);
    expect(ofUsers.filter(([user, mark]) => user !== mark)).toEqual([]);
    expect(ofUsers.filter(([user]) => user === 'alice' || user === 'bob')).toHaveLength(6);
    expect(service.processor.stats()).toMatchObject({ ignored: { attribute: 1 } });
  },
);

test('in a trace of thousands of spans, matomo.* on spans without async context goes to their request', async () => {
  const responses = new Map<string, { response: ServerResponse; span: Span | undefined }>();
  const service = await startTracedService((request, response) => {
    responses.set(request.url ?? '', { response, span: trace.getActiveSpan() });
  });
  const fetched = ['/first', '/second', '/private'].map((path) =>
    service.fetch(path, { headers: ONE_TRACE }),
  );
  await eventually(() => responses.size === 3);
  // Here is no async context of any request.
  expect(currentRequest()).toBeUndefined();
  const below = (parent: Span | undefined) =>
    tracer().startSpan('below', {}, trace.setSpan(ROOT_CONTEXT, parent as Span));
  const first = responses.get('/first')?.span;
  for (let i = 0; i < 3000; i += 1) below(first).end();
  for (const [path, { span, response }] of responses) {
    const child = below(below(span));
    child.setAttribute('matomo.dimension1', path);
    if (path === '/private') child.setAttribute('matomo.ignore', true);
    child.end();
    response.end();
  }
  await Promise.all(fetched);
  await service.requests(3);
  const hits = await service.hits();
  const marks = hits.map(
    ({ params }) => `${new URL(params.url ?? '').pathname} ${params.dimension1}`,
  );
  expect(sorted(marks)).toEqual(['/first /first', '/second /second']);
});
