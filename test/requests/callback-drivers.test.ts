import type { ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, type Sampler } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { annotate, ignore, measure, trackEvent } from '../../src/index.js';
import { currentRequest } from '../../src/request/contexts.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { countAllRequests } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

const tracer = () => trace.getTracer('driver');

/** A connection to a database, which calls back in the async context of the first query, as drivers with callbacks do. */
async function startConnection() {
  const { port } = new URL(await listen(createServer((socket) => socket.pipe(socket))));
  const callbacks: (() => void)[] = [];
  let connection: Socket | undefined;
  onTestFinished(() => void connection?.destroy());

  function open(): Socket {
    const socket = connect(Number(port), '127.0.0.1');
    return socket.on('data', (answers) => {
      for (const _answer of answers) callbacks.shift()?.();
    });
  }

  return {
    query(callback: () => void) {
      callbacks.push(callback);
      connection ??= open();
      connection.write('?');
    },
  };
}

const ONE_TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

test.each<[how: string, headers: Record<string, string>, sdkOptions: { sampler?: Sampler }]>([
  ['recorded, without a trace of the client', {}, {}],
  ['recorded, with one trace for all requests', ONE_TRACE, {}],
  ['not recorded', {}, { sampler: new AlwaysOffSampler() }],
])(
  'a callback after the hit of its request was built changes no open request of another visitor, in spans that are %s',
  async (_how, headers, sdkOptions) => {
    const connection = await startConnection();
    const contexts = new Set<unknown>();
    const late: (() => void)[] = [];
    let answerAlice: (() => void) | undefined;
    if (sdkOptions.sampler) countAllRequests();
    const service = await startTracedService(
      (request, response: ServerResponse) => {
        const isAlice = request.url === '/alice';
        tracer().startActiveSpan('query', (span) => {
          // As instrumentations of drivers do.
          const answered = context.bind(context.active(), () => {
            contexts.add(currentRequest());
            span.end();
            if (isAlice) answerAlice = () => response.end();
            else answerBob(response);
          });
          connection.query(answered);
        });
      },
      {},
      sdkOptions,
    );
    function answerBob(response: ServerResponse): void {
      const span = tracer().startSpan('work');
      const change = () => {
        span.addEvent('matomo.hit', { 'matomo.e_c': 'Shop', 'matomo.e_a': 'bob' }).end();
        annotate({ dimension1: 'bob' });
        trackEvent('Shop', 'bob');
        void measure('pf_dm1', () => 1);
        ignore();
      };
      late.push(context.bind(context.active(), change));
      response.end();
    }
    const alice = service.fetch('/alice', { headers });
    await eventually(() => answerAlice);
    await service.fetch('/bob', { headers });
    await service.requests(1);
    expect(await service.hits()).toHaveLength(1);
    await new Promise<void>((resolve) => {
      connection.query(() => {
        contexts.add(currentRequest());
        for (const callback of late) callback();
        resolve();
      });
    });
    expect(contexts.size).toBe(1); // that of /alice, which opened the connection
    answerAlice?.();
    await alice;
    await service.requests(2);
    const hits = (await service.hits()).map(({ params }) => params);
    const ofAlice = hits.filter(({ url }) => url?.endsWith('/alice'));
    expect(ofAlice.map(({ action_name }) => action_name)).toEqual(['GET /alice']);
    for (const name of ['dimension1', 'pf_dm1']) expect(ofAlice[0]).not.toHaveProperty(name);
  },
);

test('work of a request in a trace of its own belongs to the request, in spans of any depth, also in callbacks of others', async () => {
  const connection = await startConnection();
  let answerAlice: (() => void) | undefined;
  const service = await startTracedService((request, response) => {
    const user = request.url?.slice(1) ?? '';
    tracer().startActiveSpan('job', { root: true }, () => {
      const answered = context.bind(context.active(), () => {
        annotate({ dimension1: user });
        tracer().startActiveSpan('step', (step) => {
          trackEvent('Job', user);
          step.end();
        });
        if (user === 'alice') answerAlice = () => response.end();
        else response.end();
      });
      connection.query(answered);
    });
  });
  const alice = service.fetch('/alice');
  await eventually(() => answerAlice);
  await service.fetch('/bob');
  answerAlice?.();
  await alice;
  await service.requests(2);
  const rows = (await service.hits()).map(({ params: { url, e_a, dimension1 } }) =>
    [new URL(url ?? '').pathname, e_a ?? `page ${dimension1}`].join(' '),
  );
  expect(sorted(rows)).toEqual(['/alice alice', '/alice page alice', '/bob bob', '/bob page bob']);
});
