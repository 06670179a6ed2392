import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { eventually } from '../support/child-process.js';
import { APPS, REGISTER, startTracked, TRACED } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

const WAYS: [string, readonly string[], Record<string, string>][] = [
  ['with tracing', [...TRACED, ...REGISTER], {}],
  ['in a worker thread without tracing', REGISTER, { IN_THREAD: '1' }],
];

const start = (preloads: readonly string[], more: Record<string, string>) =>
  startTracked([...preloads, `${APPS}/open-responses.cjs`], {
    ...more,
    MATOMO_SCHEDULE_DELAY: '100',
  });

/** Sends a request, and waits for the first bytes of its response. */
async function open(url: string): Promise<ClientRequest> {
  const sent = request(url, { agent: false }).on('error', () => undefined);
  onTestFinished(() => void sent.destroy());
  const [response] = await once(sent.end(), 'response');
  response.on('error', () => undefined);
  await once(response, 'data');
  return sent;
}

/** Title, status, and whether there is a duration and a server time. */
const rowsOf = (inspector: Inspector) =>
  sorted(
    inspector.hits().map(({ params, stored }) => {
      const times = ['gt_ms', 'pf_srv'].filter((name) => name in params);
      return [stored?.title, stored?.custom_var_v1, ...times].join(' ');
    }),
  );

/** Ends the application while responses are open. */
async function endWithOpenResponses({ inspector, app }: Awaited<ReturnType<typeof start>>) {
  for (const path of ['/events', '/half']) await open(app.url + path);
  request(`${app.url}/silent`, { agent: false })
    .on('error', () => undefined)
    .end();
  (await open(`${app.url}/complete`)).destroy();
  await eventually(() => app.tracking() !== undefined && inspector.hits().length === 1);
  await app.stop();
  expect(rowsOf(inspector)).toEqual([
    'GET /complete 200 gt_ms pf_srv',
    'GET /events 203',
    'GET /half 200 gt_ms pf_srv',
  ]);
}

test.each(WAYS)(
  '%s a client that leaves has status 499, but not after the last byte or from an event stream, and responses that are open when the process ends make page views with their status',
  async (_way, preloads, more) => {
    const tracked = await start(preloads, { ...more, MATOMO_STATS_INTERVAL: '1000' });
    const { inspector, app } = tracked;
    for (const path of ['/complete', '/half', '/events']) (await open(app.url + path)).destroy();
    // A thread that ends before it has read the last response of Matomo logs that it was not confirmed.
    await eventually(() => /"tracked":3\b.* \[stats\]$/m.test(app.stderr()));
    expect(rowsOf(inspector)).toEqual([
      'GET /complete 200 gt_ms pf_srv',
      'GET /events 203',
      'GET /half 499 gt_ms pf_srv',
    ]);
    inspector.clear();
    await endWithOpenResponses(tracked);
    expect(app.stderr().replace(/^.* \[stats\]\n/gm, '')).toBe('');
  },
);

test('responses that are open when the process ends by process.exit() make page views with their status', async () => {
  const tracked = await start(REGISTER, { EXIT: '1' });
  await endWithOpenResponses(tracked);
  expect(tracked.app.stderr()).toBe('');
});
