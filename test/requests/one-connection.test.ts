import { Agent, get } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { MatomoOptions } from '../../src/options.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { countAllRequests, startProcessor } from '../support/senders.js';

interface Sent {
  readonly address: string;
  readonly agent?: string;
  readonly atMillis?: number;
  /** Whether it has a connection of its own, and not that of the others. */
  readonly isAlone?: boolean;
}

/** Visitor IDs of requests. */
async function visitorsOf(
  requests: readonly Sent[],
  options: MatomoOptions,
): Promise<(string | undefined)[]> {
  const { processor, inspector } = await startProcessor({ trustProxy: true, ...options });
  countAllRequests();
  const url = await listen((_request, response) => response.end());
  const shared = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => shared.destroy());
  for (const [i, { address, agent: userAgent = 'a', atMillis, isAlone }] of requests.entries()) {
    const agent = isAlone ? false : shared;
    if (atMillis !== undefined) vi.setSystemTime(atMillis);
    const headers = { 'x-forwarded-for': address, 'user-agent': userAgent };
    await new Promise((resolve, reject) => {
      get(`${url}/${i}`, { agent, headers }, (response) => response.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
  }
  await eventually(() => processor.stats().hits === requests.length);
  await processor.forceFlush();
  const hits = inspector.hits();
  return requests.map(
    (_, i) => hits.find(({ params }) => params.url?.endsWith(`/${i}`))?.params.cid,
  );
}

test('clients behind a proxy that share a connection are the visitors that they are of connections of their own', async () => {
  const clients = [
    { address: '192.0.2.1' },
    { address: '192.0.2.2' },
    { address: '192.0.2.1' },
    { address: '192.0.2.2', agent: 'b' },
    { address: '192.0.2.2' },
  ];
  const again = clients.map((client) => ({ ...client, isAlone: true }));
  const visitors = await visitorsOf([...clients, ...again], { visitorKey: 'a-key-of-this-test' });
  const [first, second, third, fourth, fifth, ...others] = visitors;
  expect([third, fifth]).toEqual([first, second]);
  expect(new Set([first, second, fourth, undefined]).size).toBe(4);
  expect(others).toEqual(visitors.slice(0, clients.length));
});

test.for(['daily', 'a-key-of-this-test'])(
  'a connection that is kept alive through midnight has another visitor then, with the key %s',
  async (visitorKey) => {
    const midnight = Date.UTC(2026, 10, 21);
    vi.useFakeTimers({ toFake: ['Date'], now: midnight - 2000 });
    onTestFinished(() => void vi.useRealTimers());
    const address = '192.0.2.1';
    const requests = [midnight - 2000, midnight - 1000, midnight + 1000, midnight + 2000];
    const [first, second, third, fourth] = await visitorsOf(
      requests.map((atMillis) => ({ address, atMillis })),
      { visitorKey },
    );
    expect([second, fourth]).toEqual([first, third]);
    expect(new Set([first, third, undefined]).size).toBe(3);
  },
);
