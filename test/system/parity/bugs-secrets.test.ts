// Bugs 17, 18 and 24 of README.md: secrets stay where they are.
import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { DiagLogLevel, diag, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import express from 'express';
import { expect, onTestFinished, test, vi } from 'vitest';
import { annotate, ignore, MatomoSpanProcessor } from '../../../src/index.js';
import { type PlayedAnswer, startInspector } from '../../../src/inspector/index.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startTap, startTappedService } from '../../support/matomo-tap.js';
import { captureOutput } from '../../support/output.js';
import { createSkipMinute } from '../../support/skip-minute.js';
import { storedTitles } from '../../support/stored.js';
import { startTracedService, until } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const SECRET = 'hunter2';

class PaymentError extends Error {
  override name = 'PaymentError';
}

/** Fails as applications do, with a secret wherever a text may stand. */
function createFailing(): express.Express {
  const app = express();
  app.set('env', 'test'); // no stack traces of its own on stderr
  app.get('/fails/:id', () => {
    const error = new PaymentError(`password=${SECRET}`, { cause: new Error(SECRET) });
    const status = { code: SpanStatusCode.ERROR, message: SECRET };
    trace.getTracer('test').startActiveSpan('charge', (span) => {
      span.recordException(error);
      span.setStatus(status).end();
    });
    trace.getActiveSpan()?.recordException(error);
    trace.getActiveSpan()?.setStatus(status);
    throw error;
  });
  return app;
}

test('bug 17: the message of an exception reaches nothing, whatever of errors is sent', async () => {
  const output = captureOutput();
  const throwing = () => {
    throw new PaymentError(SECRET);
  };
  const service = await startVariants(createFailing, {
    off: { errors: 'off' },
    type: { errors: 'type' },
    crash: { errors: 'crash' },
    asked: { errors: 'crash', actionName: throwing, dimensions: { 1: throwing }, userId: throwing },
    dry: { errors: 'crash', dryRun: true },
  });
  expect((await service.fetch('/fails/1')).status).toBe(500);
  for (const name of Object.keys(service.of) as (keyof typeof service.of)[]) {
    const hits = await service.of[name].hitsOf(1);
    expect(JSON.stringify(hits), name).not.toContain(SECRET);
    if (name === 'dry') continue;
    expect(hits[0]).toMatchObject({ verdict: 'tracked', stored: { title: 'GET /fails/:id' } });
    expect(hits[0]?.stored?.custom_var_v3, name).toBe(name === 'off' ? undefined : 'PaymentError');
    const crashes = hits.slice(1).map(({ params }) => [params.cra, params.cra_tp, params.cra_st]);
    const sendsCrash = name === 'crash' || name === 'asked';
    expect(crashes, name).toEqual(sendsCrash ? [['PaymentError', 'PaymentError', undefined]] : []);
  }
  expect(output.join('')).toContain('threw PaymentError');
  expect(output.join('')).not.toContain(SECRET);
});

test('bug 17, a Matomo that cannot take crashes: its 500 takes no page view along, and ends the crashes', async () => {
  const output = captureOutput();
  const wire = await startFaultProxy();
  const hasCrash = (body: string) => body.includes('ca=1');
  await wire.play({ kind: 'answer', where: hasCrash, status: '500 Internal Server Error' });
  const service = await startTracedService(createFailing, { errors: 'crash', url: wire.url });
  wire.forwardTo(service.inspector.url);
  for (let i = 0; i < 5; i++) await service.fetch(`/fails/${i}`);
  await service.requests(5);
  expect(storedTitles(await service.hits())).toEqual(Array(5).fill('GET /fails/:id'));
  for (let i = 5; i < 10; i++) await service.fetch(`/fails/${i}`);
  await service.requests(15);
  expect(storedTitles(await service.hits())).toEqual(Array(10).fill('GET /fails/:id'));
  const crashBulks = wire.requests().filter(({ body }) => hasCrash(body));
  expect(crashBulks.map(({ body }) => body.split('ca=1').length - 1)).toEqual([5]);
  expect(crashBulks[0]?.body).not.toContain('action_name');
  expect(service.processor.stats()).toMatchObject({
    hits: 15,
    tracked: 10,
    pending: 0,
    lost: { rejected: 5 },
  });
  expect(output.filter((line) => line.includes('[crashes-rejected]'))).toHaveLength(1);
});

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';
const WHOLE = { depth: null, maxArrayLength: null, maxStringLength: null };

test.each(['a diag logger at every level', 'stderr alone'])(
  'bug 18: the token is in the bodies of requests to Matomo and nowhere else (%s)',
  async (log) => {
    const said: unknown[] = captureOutput();
    const write = (...given: unknown[]) => void said.push(...given);
    const [tap, matomo] = await Promise.all([startTap(), startInspector()]);
    tap.forwardTo(matomo.url);
    const asked: unknown[] = [];
    const ask = (given: unknown) => void asked.push(inspect(given, WHOLE));
    const processor = new MatomoSpanProcessor({
      url: tap.url,
      siteId: 1,
      tokenAuth: TOKEN,
      exportTimeoutMillis: 1000,
      shutdownTimeoutMillis: 300,
      resendUnconfirmed: true,
      errors: 'crash',
      dimensions: { 1: ask as () => undefined },
      beforeSend: (parameters) => {
        ask(parameters);
        return parameters;
      },
    });
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [processor as never, new SimpleSpanProcessor(exporter) as never];
    const listener: RequestListener = (request, response) => {
      if (request.url === '/error') trace.getActiveSpan()?.recordException(new TypeError('x'));
      annotate({
        cvar: { a: 1, b: 2, c: 3, d: 4 },
        nonsense: 1,
        e_a: 'half',
        pf_srv: 'x',
      } as never);
      annotate({ token_auth: 'another', cip: 'no address' } as never);
      response.writeHead(request.url === '/error' ? 500 : 200).end();
    };
    const service = await startTracedService(listener, { enabled: false }, { spanProcessors });
    if (log !== 'stderr alone') {
      const logger = { verbose: write, debug: write, info: write, warn: write, error: write };
      diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
    }
    const answers: (PlayedAnswer | undefined)[] = [
      undefined,
      { status: 301, headers: { location: `http://127.0.0.1:1/m.php?token_auth=${TOKEN}` } },
      { status: 400, body: `token_auth=${TOKEN}`, contentType: 'text/plain' },
      { status: 401, body: TOKEN },
      { status: 413, body: TOKEN },
      { status: 500, body: `{"status":"error","message":"${TOKEN}"}` },
      { status: 503, headers: { 'retry-after': '1' }, body: TOKEN },
      { body: `<h1>${TOKEN}</h1>` },
      { body: `{"status":"success","tracked":0,"invalid":1,"token":"${TOKEN}"}` },
      { disconnect: 'after-request' },
      { disconnect: 'mid-response', body: TOKEN },
      { delayMillis: 1500 },
      undefined,
    ];
    const skipMinute = createSkipMinute();
    for (const [i, answer] of answers.entries()) {
      matomo.play(answer && { ...answer, times: 1 });
      await service.fetch(i % 2 === 0 ? '/error' : `/${i}`);
      await until(() => processor.stats().hits > i);
      await processor.forceFlush();
      // Once it has taken hits again, and a minute later, the next failure is logged anew.
      matomo.play();
      await processor.forceFlush();
      skipMinute();
    }
    await until(() => processor.stats().tracked > 1);
    const shown = inspect(processor, { ...WHOLE, showHidden: true, getters: true });
    await processor.shutdown();
    await matomo.close();

    const requests = tap.requests();
    expect(requests.length).toBeGreaterThan(answers.length);
    for (const { head, body, target } of requests) {
      expect([head.includes(TOKEN), body.split(TOKEN).length, target]).toEqual([
        false,
        2,
        '/matomo.php',
      ]);
    }
    const spans = exporter.getFinishedSpans();
    expect(spans.length).toBeGreaterThan(answers.length);
    for (const problem of ['301', '400', '401', '503', 'text/html', 'no answer within']) {
      expect(inspect(said, WHOLE), problem).toContain(problem);
    }
    expect(asked.length).toBeGreaterThan(3);
    for (const text of [shown, ...said, ...asked, processor.stats(), ...spans.map(plain)]) {
      expect(inspect(text, WHOLE)).not.toContain(TOKEN);
    }
  },
);

/** What an exporter would send of a span. */
function plain({
  name,
  attributes,
  events,
  status,
}: ReturnType<InMemorySpanExporter['getFinishedSpans']>[number]) {
  return { name, attributes, events, status };
}

test('bug 18, a token that cannot be used: no message shows it', async () => {
  const output = captureOutput();
  const options = { url: 'http://127.0.0.1:1', siteId: 1 };
  const wrong = [
    { ...options, tokenAuth: `${TOKEN} ${TOKEN}` },
    { ...options, tokenAuth: [TOKEN] },
    { ...options, url: `http://user:${TOKEN}@127.0.0.1:1` },
    { ...options, url: `http://127.0.0.1:1/matomo.php?token_auth=${TOKEN}` },
    { ...options, url: `ftp://${TOKEN}@127.0.0.1/` },
  ];
  for (const given of wrong) {
    let error: unknown;
    try {
      new MatomoSpanProcessor(given as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TypeError);
    expect(inspect(error, WHOLE)).not.toContain(TOKEN);
  }
  vi.stubEnv('MATOMO_TOKEN_AUTH', `${TOKEN}\n${TOKEN}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  await new MatomoSpanProcessor(options).shutdown();
  expect(output).toHaveLength(1);
  expect(output[0]).toMatch(/MATOMO_TOKEN_AUTH must be .*\[environment-invalid\]/);
  expect(output[0]).not.toContain(TOKEN);
});

test('bug 24: hits share a connection, the token is in no URL, ua is text, and ignore needs no name of a function', async () => {
  const service = await startTappedService(
    () => {
      const app = express();
      app.get('/a', (_request, response) => void response.end());
      app.get('/hidden', (_request, response) => {
        ignore();
        response.end();
      });
      return app;
    },
    { tokenAuth: TOKEN },
  );
  for (let bulk = 1; bulk <= 5; bulk++) {
    const headers = { 'user-agent': 'curl/8.5.0', 'x-forwarded-for': '6.6.6.6, 7.7.7.7' };
    for (let i = 0; i < 4; i++) await service.fetch('/a', { headers });
    await service.fetch('/hidden', { headers });
    await service.requests(bulk * 5);
    await service.processor.forceFlush();
  }
  const hits = await service.hits();
  expect(storedTitles(hits)).toEqual(Array(20).fill('GET /a'));
  const sent = hits.map(({ params }) => [params.ua, params.cip]);
  expect(sent).toEqual(Array(20).fill(['curl/8.5.0', '127.0.0.1']));
  expect(service.tap.unshared()).toBe(0);
  const requests = service.tap.requests();
  expect(requests.map(({ head }) => head.split('\r\n', 1)[0])).toEqual(
    Array(5).fill('POST /matomo.php HTTP/1.1'),
  );
  expect(requests.map(({ head }) => head.includes(TOKEN))).toEqual(Array(5).fill(false));
});
