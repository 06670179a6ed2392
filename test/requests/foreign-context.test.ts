import { createServer, type ServerResponse } from 'node:http';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, onTestFinished, test } from 'vitest';
import { annotate, trackEvent } from '../../src/index.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { countAllRequests, startProcessor } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { fetchFrom } from '../support/traced-service.js';

const HTTP = { 'http.request.method': 'GET', 'http.response.status_code': 200 };

test.each<[string, (response: ServerResponse) => void]>([
  ['destroys', (response) => response.destroy()],
  ['disconnects', (response) => response.socket?.destroy()],
])(
  'a response without a span that the span of another request %s keeps its events',
  async (_how, act) => {
    const { processor, tracer, hits } = await startProcessor();
    countAllRequests();
    onTestFinished(() => context.disable());
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    let waiting: ServerResponse | undefined;
    // No instrumentation sees this event, and another test may have left one that is active.
    const server = createServer().on('checkContinue', (request, response) => {
      if (request.url === '/waits') {
        waiting = response.on('close', () => {
          annotate({ dimension1: 'of waits' });
          trackEvent('Response', 'closed');
        });
        response.flushHeaders();
        return;
      }
      const span = tracer.startSpan('GET', {
        kind: 1,
        attributes: { ...HTTP, 'url.path': '/acts' },
      });
      context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
        if (waiting) act(waiting);
        waiting?.once('close', () => setImmediate(() => response.end()));
      });
      response.once('close', () => span.end());
    });
    const port = Number(new URL(await listen(server)).port);
    const headers = { expect: '100-continue' };
    const waits = fetchFrom(port, '/waits', { headers }).catch(() => undefined);
    await eventually(() => waiting !== undefined);
    await fetchFrom(port, '/acts', { headers });
    await waits;
    await eventually(() => processor.stats().hits === 3);
    const rows = (await hits()).map(({ params: { url, e_a, dimension1 } }) =>
      [new URL(url ?? '').pathname, e_a ?? dimension1].join(' '),
    );
    expect(sorted(rows)).toEqual(sorted(['/acts ', '/waits closed', '/waits of waits']));
  },
);
