import { once } from 'node:events';
import { request } from 'node:http';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { trackEvent } from '../../src/index.js';
import { stepWallClock } from '../support/clocks.js';
import { startTracedService } from '../support/traced-service.js';

const NOW = Date.UTC(2026, 10, 2, 3, 4, 5);
const STEP_MILLIS = 6 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  onTestFinished(() => void vi.useRealTimers());
});

test('callbacks of an event get the start of a running request and a duration that has passed', async () => {
  const seen: { startTime: number; isDuration: boolean }[] = [];
  const service = await startTracedService(
    async (_request, response) => {
      stepWallClock(3000);
      trackEvent('Cart', 'open');
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
