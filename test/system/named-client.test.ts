import type { IncomingMessage } from 'node:http';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, trackEvent } from '../../src/index.js';
import type { Inspector } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { spanOfClient } from '../support/builders.js';
import { CHATGPT, FIREFOX } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, hitEvent, requestSpan } from '../support/otlp-spans.js';
import { startExporter } from '../support/senders.js';
import { startTracedService, stopTracedService } from '../support/traced-service.js';
import { startVariants } from '../support/variants.js';

const A = '203.0.113.7';
const B = '203.0.113.78';
const PROXY = 'axios/1.7';

/** What the test's client says about the client that it is asking for, which only the application reads. */
function namedBy({ headers }: IncomingMessage): { cip?: string; ua?: string } {
  const { 'x-cip': cip, 'x-ua': ua } = headers as Record<string, string>;
  return { ...(cip && { cip }), ...(ua && { ua }) };
}

/** Headers of a request that comes through one proxy. */
const named = (headers: Record<string, string>) => ({
  headers: { 'x-forwarded-for': '198.51.100.9', 'user-agent': PROXY, ...headers },
});

const OPTIONS: MatomoOptions = {
  tokenAuth: 'a-token',
  trustProxy: true,
  scheduledDelayMillis: 60_000,
};

/** Ways in which an application says who its client is. `beforeSend` only knows the hit, so the URL says it there. */
const WAYS: Record<string, { name: (request: IncomingMessage) => void; options?: MatomoOptions }> =
  {
    annotate: { name: (request) => annotate(namedBy(request)) },
    'attributes of the span': {
      name(request) {
        for (const [name, value] of Object.entries(namedBy(request)))
          trace.getActiveSpan()?.setAttribute(`matomo.${name}`, value);
      },
    },
    'attributes of a span below': {
      name(request) {
        const span = trace.getTracer('below').startSpan('load');
        for (const [name, value] of Object.entries(namedBy(request)))
          span.setAttribute(`matomo.${name}`, value);
        span.end();
      },
    },
    beforeSend: {
      name: () => undefined,
      options: {
        beforeSend: (parameters) => {
          const { searchParams } = new URL(parameters.url as string);
          const named = Object.fromEntries(searchParams);
          return { ...parameters, ...named };
        },
      },
    },
  };

test.each(Object.entries(WAYS))(
  '%s: the visitor follows the address and the user agent that are sent',
  async (_way, { name, options }) => {
    const service = await startTracedService(
      (request, response) => {
        name(request);
        trackEvent('Shop', 'seen');
        response.end();
      },
      { ...OPTIONS, ...options },
    );
    const clients = [
      { cip: A },
      { cip: B },
      { cip: A },
      { cip: A, ua: FIREFOX },
      { cip: B, ua: FIREFOX },
      { cip: A, ua: FIREFOX },
    ];
    for (const { cip, ua = '' } of clients) {
      const query = new URLSearchParams({ cip, ...(ua && { ua }) });
      await service.fetch(`/?${query}`, named({ 'x-cip': cip, 'x-ua': ua }));
    }
    // The same clients without a proxy between.
    for (const { cip, ua = PROXY } of clients.slice(1, 5)) {
      await service.fetch('/', { headers: { 'x-forwarded-for': cip, 'user-agent': ua } });
    }
    await service.requests(10);
    const hits = (await service.hits()).map(({ params }) => params);
    const visitors = new Map<string, Set<string | undefined>>();
    for (const { cip, ua, cid } of hits) {
      const key = `${cip} ${ua}`;
      visitors.set(key, (visitors.get(key) ?? new Set()).add(cid));
    }
    expect(hits).toHaveLength(20);
    expect([...visitors.keys()].sort()).toEqual(
      [`${A} ${FIREFOX}`, `${A} ${PROXY}`, `${B} ${FIREFOX}`, `${B} ${PROXY}`].sort(),
    );
    const ids = [...visitors.values()].map((cids) => [...cids]);
    expect(ids.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
    expect(new Set(ids.flat()).size).toBe(4);
  },
);

test('an address that code sets passes the same privacy rules as one that was read', async () => {
  const own = { ...OPTIONS, visitorKey: 'a-key' };
  const { fetch, of } = startVariants(
    (request, response) => {
      annotate(namedBy(request));
      trackEvent('Shop', 'seen');
      response.end();
    },
    {
      none: own,
      masked: { ...own, anonymizeIp: 1 },
      more: { ...own, anonymizeIp: 2 },
      all: { ...own, anonymizeIp: 4 },
      strict: { ...own, privacy: 'strict' },
      daily: { ...own, privacy: 'strict', visitorKey: 'daily' },
      noId: { ...own, visitorId: 'none' },
      ignored: { ...own, ignoreAddresses: [`${A}/32`] },
    },
  );
  const read = (address: string) => ({
    headers: { 'x-forwarded-for': address, 'user-agent': PROXY },
  });
  fetch('/read', read(A));
  fetch('/read', read(B));
  fetch('/named', named({ 'x-cip': A }));
  fetch('/named', named({ 'x-cip': B }));
  fetch('/mapped', named({ 'x-cip': `::ffff:${A}` }));
  fetch('/mapped', named({ 'x-cip': `${B}:51234` }));
  const visitors: Record<string, number> = {};
  for (const [variant, { hitsOf }] of Object.entries(of)) {
    const hits = (await hitsOf(6)).map(({ params }) => params);
    const sent = (path: string) =>
      new Set(hits.filter(({ url }) => url?.endsWith(path)).map(({ cip, cid }) => `${cip} ${cid}`));
    expect(sent('/named'), variant).toEqual(sent('/read'));
    const cids = (path: string) => new Set([...sent(path)].map((each) => each.split(' ')[1]));
    expect(cids('/mapped'), variant).toEqual(cids('/read'));
    visitors[variant] = sent('/named').size;
    if (variant !== 'none' && variant !== 'noId' && variant !== 'ignored')
      expect(JSON.stringify(hits)).not.toContain(A);
  }
  expect(visitors).toEqual({
    none: 2,
    masked: 1,
    more: 1,
    all: 1,
    strict: 1,
    daily: 2,
    noId: 2,
    ignored: 1,
  });
});

test('the gateway and the exporter: matomo.cip and matomo.ua of spans name the visitor of all hits', async () => {
  const options = { tokenAuth: 'a-token', visitorKey: 'a-key', trustProxy: true };
  const { gateway, inspector: ofGateway } = await startGateway(options);
  const { exporter, inspector: ofExporter } = await startExporter(options);
  const headers = { 'x-forwarded-for': '198.51.100.9', 'user-agent': PROXY };
  const events = [hitEvent({ e_c: 'Shop', e_a: 'seen' })];
  const named = [{ cip: A }, { cip: B }, { cip: A }, { cip: A, ua: FIREFOX }];
  for (const { cip, ua } of named) {
    const attributes = { 'matomo.cip': cip, ...(ua && { 'matomo.ua': ua }) };
    const span = requestSpan('/', { events }, { 'user_agent.original': PROXY, ...attributes });
    expect((await sendSpans(gateway, exportRequest([span]))).status).toBe(200);
    exporter.export([spanOfClient('/', headers, attributes)], () => undefined);
  }
  await eventually(() => gateway.stats().tracked === 8);
  await exporter.forceFlush();
  const idsOf = (inspector: Inspector) => {
    const pairs = inspector.hits().map(({ params: { cip, ua, cid } }) => `${cip} ${ua} ${cid}`);
    return [...new Set(pairs)].sort();
  };
  const ids = idsOf(ofGateway);
  expect(ids.map((text) => text.slice(0, -17))).toEqual(
    [`${A} ${FIREFOX}`, `${A} ${PROXY}`, `${B} ${PROXY}`].sort(),
  );
  expect(idsOf(ofExporter)).toEqual(ids);
});

test('beforeSend may change the site, mask or remove what names the client, and set an ID itself', async () => {
  const changes: Record<string, (parameters: Record<string, string>) => object> = {
    '/kept': (parameters) => parameters,
    '/site': (parameters) => ({ ...parameters, idsite: 2 }),
    '/masked': (parameters) => ({ ...parameters, cip: '203.0.113.0' }),
    '/removed': ({ cip: _, ua: __, ...parameters }) => parameters,
    '/own': (parameters) => ({ ...parameters, cip: B, cid: '0123456789abcdef' }),
  };
  const { fetch, of } = startVariants((_request, response) => void response.end(), {
    changed: {
      ...OPTIONS,
      visitorKey: 'a-key',
      beforeSend: (parameters) =>
        changes[new URL(parameters.url as string).pathname]?.(parameters as never) as never,
    },
    masked: { ...OPTIONS, visitorKey: 'a-key', anonymizeIp: 1 },
    second: { ...OPTIONS, visitorKey: 'a-key', siteId: 2 },
  });
  const paths = Object.keys(changes);
  for (const path of paths) fetch(path, { headers: { 'x-forwarded-for': A, 'user-agent': PROXY } });
  const idOf = async (variant: keyof typeof of) => (await of[variant].hitsOf(5))[0]?.params.cid;
  const sent = new Map(
    (await of.changed.hitsOf(5)).map(({ params }) => [new URL(params.url ?? '').pathname, params]),
  );
  expect(sent.get('/site')?.cid).toBe(await idOf('second'));
  expect(sent.get('/masked')?.cid).toBe(await idOf('masked'));
  expect(sent.get('/removed')?.cid).toBe(sent.get('/kept')?.cid);
  expect(sent.get('/removed')).not.toHaveProperty('cip');
  expect(sent.get('/own')?.cid).toBe('0123456789abcdef');
});

test.each([
  [{ ignoreAddresses: ['198.51.100.9'] }, 'address'],
  [{ ignoreAddresses: [A] }, 'address'],
  [{ ignoreUserAgents: [/^axios/] }, 'user_agent'],
  [{ ignoreUserAgents: [/Firefox/] }, 'user_agent'],
] as const)(
  'with %o, neither the client that was read nor the one that is named may be excluded',
  async (options, reason) => {
    const service = await startTracedService(
      (request, response) => {
        annotate(namedBy(request));
        response.end();
      },
      { ...OPTIONS, ...options },
    );
    expect(await service.visit('/', named({ 'x-cip': A, 'x-ua': FIREFOX }))).toEqual([]);
    expect(service.processor.stats().ignored[reason]).toBe(1);
  },
);

test('hits of a request that is still open are of the client that it names, and excluded with it', async () => {
  async function hitsWith(ignoreAddresses: readonly string[]) {
    let end: (() => void) | undefined;
    const service = await startTracedService(
      (request, response) => {
        annotate(namedBy(request));
        trackEvent('Shop', 'seen');
        end = () => response.end();
      },
      { ...OPTIONS, scheduledDelayMillis: 1, ignoreAddresses },
    );
    const answered = service.fetch('/', named({ 'x-cip': A, 'x-ua': FIREFOX }));
    await eventually(() => end !== undefined);
    const early = ignoreAddresses.length === 0 ? 1 : 0;
    await expect.poll(async () => (await service.hits()).length).toBe(early);
    end?.();
    await answered;
    await service.requests(1);
    const hits = await service.hits();
    await stopTracedService(service);
    return hits.map(({ params }) => params);
  }
  const [event, page] = await hitsWith([]);
  expect([event?.cip, event?.ua, event?.cid]).toEqual([A, FIREFOX, page?.cid]);
  for (const ignored of [A, '198.51.100.9']) expect(await hitsWith([ignored])).toEqual([]);
});

test('the user agent that code sets decides what the client is: AI chatbot, health check or person', async () => {
  const service = await startTracedService(
    (request, response) => {
      annotate(namedBy(request));
      response.setHeader('content-type', 'text/html');
      response.end('page');
    },
    { ...OPTIONS, dimensions: { 1: 'user_agent.bot.name', 2: 'user_agent.name' } },
  );
  const hints = { 'sec-ch-ua': '"Chromium";v="140"' };
  await service.fetch('/chatbot', named({ 'x-ua': CHATGPT, ...hints }));
  await service.fetch('/probe', named({ 'x-ua': 'kube-probe/1.31' }));
  await service.fetch('/person', { headers: { 'user-agent': CHATGPT, 'x-ua': FIREFOX, ...hints } });
  await service.fetch('/plain', { headers: { 'user-agent': 'Firefox', ...hints } });
  await service.requests(4);
  const hits = (await service.hits()).map(({ params }) => params);
  const of = (path: string) => hits.filter(({ url }) => url?.endsWith(path));
  expect(of('/chatbot')).toMatchObject([{ recMode: '1', ua: CHATGPT, http_status: '200' }]);
  expect(of('/probe')).toEqual([]);
  const [[person], [plain]] = [of('/person'), of('/plain')];
  expect(person).toMatchObject({ ua: FIREFOX });
  expect(person).not.toHaveProperty('recMode');
  expect([person?.uadata, plain?.uadata]).toEqual([undefined, expect.any(String)]);
  expect(service.processor.stats().ignored.user_agent).toBe(1);
});

test('the sample has the visitors that code names, and all of what they do', async () => {
  const { fetch, of } = startVariants(
    (request, response) => {
      annotate(namedBy(request));
      trackEvent('Shop', 'seen');
      response.end();
    },
    {
      sampled: { ...OPTIONS, visitorKey: 'a-key', sampleRate: 0.5 },
      all: { ...OPTIONS, visitorKey: 'a-key' },
    },
  );
  const addresses = Array.from({ length: 40 }, (_, i) => `203.0.113.${i + 1}`);
  for (const cip of addresses) fetch('/', named({ 'x-cip': cip }));
  const all = new Set((await of.all.hitsOf(40)).map(({ params }) => params.cid));
  const sampled = (await of.sampled.hitsOf(40)).map(({ params }) => params.cid);
  expect(all.size).toBe(40);
  const chosen = new Set(sampled);
  expect(chosen.size).toBeGreaterThan(5);
  expect(chosen.size).toBeLessThan(35);
  expect(sampled).toHaveLength(2 * chosen.size);
});
