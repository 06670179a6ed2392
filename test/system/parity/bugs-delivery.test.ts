// Bugs 10 to 12 of README.md: how hits reach Matomo, and what that costs the service.
import type { RequestListener } from 'node:http';
import { trace } from '@opentelemetry/api';
import express from 'express';
import { expect, test } from 'vitest';
import { annotate, MatomoSpanProcessor } from '../../../src/index.js';
import { hitsOfBody, startTap, startTappedService } from '../../support/matomo-tap.js';
import { captureOutput } from '../../support/output.js';
import { storedTitles } from '../../support/stored.js';
import { startTracedService, until } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end('ok');

test('bug 10: no request waits for Matomo', async () => {
  captureOutput();
  const service = await startTappedService(ok, {
    scheduledDelayMillis: 10,
    shutdownTimeoutMillis: 100,
  });
  service.inspector.play({ delayMillis: 600_000, times: 1 });
  await service.fetch('/first');
  await until(() => service.tap.requests().length === 1);
  for (let i = 0; i < 20; i++) expect((await service.fetch('/during')).body).toBe('ok');
  expect(service.processor.stats()).toMatchObject({ hits: 21, pending: 21, tracked: 0 });
});

test('bug 10, one POST a hit and none again: hits leave together, and again after each failure', async () => {
  captureOutput();
  const service = await startTappedService(ok, { scheduledDelayMillis: 60_000 });
  for (let i = 0; i < 50; i++) await service.fetch(`/${i}`);
  await service.requests(50);
  for (const status of [503, 429, 502]) {
    service.inspector.play({ status, times: 1 });
    await service.processor.forceFlush();
    expect(service.processor.stats()).toMatchObject({ pending: 50, tracked: 0 });
  }
  expect(await service.hits()).toHaveLength(50);
  expect(service.processor.stats()).toMatchObject({ pending: 0, tracked: 50 });
  const bulks = service.tap.requests().map(({ body }) => hitsOfBody(body).length);
  expect(bulks).toEqual([50, 50, 50, 50]);
});

test('bug 11: a Matomo that cannot be reached and data that cannot be sent reach neither the application nor its own errors', async () => {
  const output = captureOutput();
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const unsendable = {
    dimension1: 10n,
    dimension2: circular,
    action_name: Symbol('x'),
    uid: { toString: () => raise() },
    cvar: { big: 10n, circular, symbol: Symbol('x'), fine: 'yes', thrower: { toString: raise } },
  };
  const seen: unknown[] = [];
  const own = new TypeError('the application’s own');
  const service = await startVariants(
    () => {
      const app = express();
      app.use((_request, _response, next) => {
        annotate(unsendable as never);
        annotate(new Proxy({}, { ownKeys: raise }) as never);
        next();
      });
      app.get('/fails', () => {
        throw own;
      });
      app.get('/fine', (_request, response) => void response.send('fine'));
      app.use(((error, _request, response, _next) => {
        seen.push(error);
        response.status(500).send(error.message);
      }) satisfies express.ErrorRequestHandler);
      return app;
    },
    { unreachable: { url: 'http://127.0.0.1:1' }, sound: {} },
  );
  expect(await service.fetch('/fails')).toMatchObject({ status: 500, body: own.message });
  expect(await service.fetch('/fine')).toMatchObject({ status: 200, body: 'fine' });
  expect(seen).toEqual([own]);
  const { unreachable } = service.of;
  expect(await unreachable.hitsOf(2)).toEqual([]);
  expect(unreachable.processor.stats()).toMatchObject({ hits: 2, pending: 2, tracked: 0 });
  expect(output.filter((line) => line.includes('[unreachable]'))).toHaveLength(1);
  const sound = await service.of.sound.hitsOf(2);
  expect(storedTitles(sound)).toEqual(['GET /fails', 'GET /fine']);
  for (const { stored } of sound) {
    expect(stored).toMatchObject({ custom_var_k3: 'fine', custom_var_v3: 'yes' });
    expect(stored).not.toHaveProperty('custom_var_k4');
    expect(stored).not.toHaveProperty('custom_dimension_1');
    expect(stored).not.toHaveProperty('custom_dimension_2');
  }
});

function raise(): never {
  throw new RangeError('not readable');
}

test('bug 11, a redirect: it is not followed with the token, but said where it points, and no hit is lost', async () => {
  const output = captureOutput();
  const elsewhere = await startTap();
  const service = await startTappedService(ok, { tokenAuth: 'writer', titlePaths: 'raw' });
  const location = `${elsewhere.url}/moved/matomo.php`;
  for (const status of [301, 302, 307, 308]) {
    service.inspector.play({ status, headers: { location: `${location}?t=writer` }, times: 1 });
    await service.fetch(`/${status}`);
    await service.processor.forceFlush();
  }
  expect(elsewhere.connections()).toBe(0);
  expect(output.join('')).toMatch(/\b301\b.*\[redirected\]/);
  expect(output.join('')).toContain(` ${location}, `);
  expect(output.join('')).not.toContain('t=writer');
  await service.requests(4);
  expect(storedTitles(await service.hits())).toEqual([
    'GET /301',
    'GET /302',
    'GET /307',
    'GET /308',
  ]);
});

test('bug 11, route details that cannot be sent: they are refused at the start, with the option’s name', () => {
  for (const unsendable of [() => 1, Symbol('x')]) {
    const routeDetails = { '/a': { dimension1: unsendable } } as never;
    expect(() => new MatomoSpanProcessor({ url: 'http://x', siteId: 1, routeDetails })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringMatching(/routeDetails/),
      }),
    );
  }
});

test('bug 12: shutdown delivers what waits and closes its connection', async () => {
  const tap = await startTap();
  const service = await startVariants(ok, {
    own: (url) => {
      tap.forwardTo(url);
      return { url: tap.url, scheduledDelayMillis: 60_000 };
    },
  });
  await service.fetch('/a');
  await until(() =>
    Object.values(service.of).every(({ processor }) => processor.stats().hits === 1),
  );
  expect(tap.connections()).toBe(0);

  // As an application does it: through the SDK.
  const { getDelegate } = trace.getTracerProvider() as unknown as {
    getDelegate(): { shutdown(): Promise<void> };
  };
  await getDelegate.call(trace.getTracerProvider()).shutdown();
  for (const { processor } of Object.values(service.of)) {
    expect(processor.stats()).toMatchObject({ tracked: 1, pending: 0 });
  }
  expect(tap.connections()).toBe(1);
  await until(() => tap.open() === 0);
});

test('bug 12, the processor alone: shutdown delivers, once, and what comes later is counted', async () => {
  captureOutput();
  const service = await startTracedService(ok);
  await service.fetch('/before');
  await service.requests(1);
  expect(service.processor.shutdown()).toBe(service.processor.shutdown());
  await service.processor.shutdown();
  expect(storedTitles(service.inspector.hits())).toEqual(['GET /before']);
  const { lost } = service.processor.stats();
  expect((await service.fetch('/after')).body).toBe('ok');
  await until(() => service.processor.stats().lost.shutdown === lost.shutdown + 1);
  expect(service.processor.stats()).toMatchObject({ tracked: 1, pending: 0 });
  expect(service.inspector.hits()).toHaveLength(1);
});

test('bug 12, the last delivery: an inspector in the same process is no visited service then either', async () => {
  const service = await startTracedService(ok);
  await service.fetch('/only');
  await service.requests(1);
  await service.processor.shutdown();
  expect(service.processor.stats()).toMatchObject({ hits: 1, tracked: 1, lost: { shutdown: 0 } });
});
