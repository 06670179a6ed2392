import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { start, trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { eventually } from '../support/child-process.js';
import { stepWallClock } from '../support/clocks.js';
import { listen } from '../support/listen.js';
import { startMatomo } from '../support/matomo.js';
import { startTracedService } from '../support/traced-service.js';

const NOW = Date.UTC(2026, 10, 2, 3, 4, 5);
const STEP_SECONDS = 3;
const STEP_MILLIS = 6 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  onTestFinished(() => void vi.useRealTimers());
});

/** Tracks all requests, and the inspector that gets their hits. */
async function startTracking(options: MatomoOptions = {}) {
  const inspector = await startMatomo();
  const handle = start({ url: inspector.url, siteId: 1, ...options });
  onTestFinished(() => handle.shutdown());
  return { inspector, handle };
}

/** Takes its time before it tracks an event. */
function trackLater(): void {
  stepWallClock(STEP_SECONDS * 1000);
  trackEvent('Cart', 'open');
}

/** Asks a server with HTTP/1.1, and reads the response to its end. */
async function ask(): Promise<void> {
  const url = await listen((_request, response) => {
    trackLater();
    response.end('ok');
  });
  const sent = request(url, { agent: false }).end();
  const [response] = await once(sent, 'response');
  await text(response);
}

/** Leaves before the response is complete. */
async function leave(): Promise<void> {
  const url = await listen((_request, response) => {
    trackLater();
    response.write('half');
  });
  const sent = request(url, { agent: false }).end();
  const [response] = await once(sent, 'response');
  response.on('error', () => undefined);
  sent.destroy();
}

test.each([
  ['of a complete response', ask],
  ['of a client that leaves', leave],
])(
  'without tracing, a page view %s has the time of its start, and an event its own',
  async (_way, send) => {
    const { inspector, handle } = await startTracking();
    await send();
    await eventually(() => handle.stats().pending === 2);
    await handle.forceFlush();
    const times = inspector
      .hits()
      .map(({ params }) => [params.e_c, Number(params.cdt) * 1000 - NOW]);
    expect(times).toEqual([
      [undefined, 0],
      ['Cart', STEP_SECONDS * 1000],
    ]);
  },
);

test('callbacks of an event get the start of a running request and a duration that has passed', async () => {
  const seen: { startTime: number; isDuration: boolean }[] = [];
  const service = await startTracedService(
    async (_request, response) => {
      trackLater();
      await service.processor.forceFlush();
      response.end();
    },
    {
      siteId({ startTime, durationMillis }) {
        seen.push({ startTime, isDuration: durationMillis >= 0 });
        return 1;
      },
    },
  );
  await service.fetch('/');
  expect(seen[0]).toEqual({ startTime: NOW, isDuration: true });
});

test('a step of the clock is no part of the duration of a response that is open at the end', async () => {
  const service = await startTracedService((_request, response) => {
    response.write('half');
  });
  const sent = request({ port: service.port, host: '127.0.0.1', agent: false }).end();
  const [response] = await once(sent, 'response');
  response.on('error', () => undefined);
  stepWallClock(STEP_MILLIS);
  await service.processor.shutdown();
  // A duration of hours would not be sent.
  expect(service.inspector.hits().map(({ params }) => 'gt_ms' in params)).toEqual([true]);
});
