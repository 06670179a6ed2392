import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type RequestListener } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { listen } from '../support/listen.js';
import { countAllRequests, startProcessor } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { fetchFrom } from '../support/traced-service.js';

/** Makes requests at the same time. */
async function request(paths: readonly string[], listener: RequestListener): Promise<void> {
  // No instrumentation sees this event, and another test may have left one that is active.
  const server = createServer().on('checkContinue', listener);
  const { port } = new URL(await listen(server));
  const headers = { expect: '100-continue' };
  await Promise.all(paths.map((path) => fetchFrom(Number(port), path, { headers })));
}

/** Answers a request, and calls a function in the turn of the event loop in which its response is closed. */
async function answerOne(onClose: () => void, onBegin?: () => void): Promise<void> {
  await request(['/'], (_request, response) => {
    onBegin?.();
    response.once('close', onClose);
    response.end();
  });
}

test.each([
  ['forceFlush', 'without a SERVER span', false],
  ['forceFlush', 'whose SERVER span has ended', true],
  ['shutdown', 'without a SERVER span', false],
  ['shutdown', 'whose SERVER span has ended', true],
] as const)(
  '%s sends the hit of a request %s, and whose response is closed in the same turn',
  async (name, _which, isTraced) => {
    const { processor, tracer, inspector } = await startProcessor();
    if (!isTraced) countAllRequests();
    const attributes = { 'http.request.method': 'GET', 'url.path': '/' };
    let span: Span | undefined;
    let sent: Promise<void> | undefined;
    await answerOne(
      () => {
        span?.end();
        sent = processor[name]();
      },
      () => {
        if (isTraced) span = tracer.startSpan('GET', { kind: 1, attributes });
      },
    );
    await sent;
    expect(inspector.hits()).toHaveLength(1);
  },
);

test('callbacks run in the async context of their request', async () => {
  const users = new AsyncLocalStorage<string>();
  const { hits } = await startProcessor({ userId: () => users.getStore() });
  countAllRequests();
  const waiting: (() => void)[] = [];
  const paths = ['/ann', '/bob', '/eve'];
  await request(paths, ({ url }, response) => {
    users.run(String(url), () => waiting.push(AsyncLocalStorage.bind(() => response.end())));
    if (waiting.length === paths.length) for (const end of waiting) end();
  });
  const rows = (await hits()).map(
    ({ params }) => `${new URL(params.url ?? '').pathname} ${params.uid}`,
  );
  expect(sorted(rows)).toEqual(['/ann /ann', '/bob /bob', '/eve /eve']);
});
