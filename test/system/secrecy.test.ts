// What was told in confidence is in requests to Matomo, where it is the token or a header for it, and else nowhere.
import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { annotate, MatomoSpanExporter, MatomoSpanProcessor } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { eventually, startServer } from '../support/child-process.js';
import { type FaultProxy, matomoOnWire } from '../support/fault-proxy.js';
import { jwt } from '../support/jwt.js';
import { captureOutput } from '../support/output.js';
import type { PlayedMatomoAnswer } from '../support/played-matomo.js';
import { APPS, REGISTER } from '../support/registered-app.js';
import { startTracedService } from '../support/traced-service.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';
/** The value of a header that only a server in front of Matomo is to see. */
const GATE = 'gate5ec2e7';
const CONFIDED = {
  ...{ cookie: 'cookie5ec2e7', authorization: 'authorization5ec2e7', query: 'query5ec2e7' },
  ...{ referrer: 'referrer5ec2e7', key: 'visitorkey5ec2e7', apiKey: 'apikey5ec2e7' },
  ...{ claim: 'claim5ec2e7', thrown: 'thrown5ec2e7' },
};
/** Its parts hide what it says. */
const BEARER = jwt({ sub: CONFIDED.claim, jti: CONFIDED.authorization });
/** Of the client, which Matomo gets, and no log. */
const CLIENT = { user: 'user5ec2e7', address: '203.0.113.177', path: 'path5ec2e7' };
/** Of which none may be seen anywhere. */
const NEVER = [...Object.values(CONFIDED), ...BEARER.split('.').slice(1)];
/** Of which none may be seen but in requests to Matomo. */
const SECRETS = [TOKEN, GATE, ...NEVER];

const HEADERS = {
  cookie: `session=${CONFIDED.cookie}; _pk_id.1=${CONFIDED.cookie}`,
  authorization: `Bearer ${BEARER}`,
  'x-api-key': CONFIDED.apiKey,
  'x-note': `Bearer ${CONFIDED.authorization}`,
  'proxy-authorization': `Basic ${CONFIDED.authorization}`,
  referer: `https://shop.test/a?access_token=${CONFIDED.referrer}`,
  'x-forwarded-for': CLIENT.address,
};
const QUERY = `access_token=${CONFIDED.query}&password=${CONFIDED.query}&page=2`;

/** A Matomo that says everything that it was told, wherever it can. */
const ECHO = `token_auth=${TOKEN}&x-gate=${GATE}&${[...NEVER, ...Object.values(CLIENT)].join('&')}`;
const echo = (answer: PlayedMatomoAnswer): PlayedMatomoAnswer => ({
  ...answer,
  body: ECHO,
  headers: { 'retry-after': '1', 'www-authenticate': ECHO, 'x-echo': ECHO, ...answer.headers },
});
/** What goes wrong, and what is logged of it. */
const FAULTS: readonly (readonly [logged: string, fault: PlayedMatomoAnswer | 'refuse'])[] = [
  ['ECONNREFUSED', 'refuse'],
  [' 302 ', echo({ status: 302, headers: { location: `https://matomo.test/?${ECHO}` } })],
  ['[request-rejected]', echo({ status: 401 })],
  ['[not-matomo]', echo({})],
];

const WHOLE = { depth: null, maxArrayLength: null, maxStringLength: null, getters: true };

/** All that can be seen of a value, as one text. */
const seen = (value: unknown) =>
  `${inspect(value, { ...WHOLE, showHidden: true })}\n${JSON.stringify(value)}\n${String(value)}`;

function expectNoneIn(text: string, secrets: readonly string[], what: string): void {
  for (const secret of secrets) expect(text.includes(secret), `${secret} in ${what}`).toBe(false);
}

/** Requests to Matomo have the token once, in the body, and nothing else that was told in confidence. */
function expectOnlyTokenInBodies(wire: FaultProxy): void {
  for (const { head, body } of wire.requests()) {
    expectNoneIn(head, [TOKEN, ...NEVER], 'a head');
    expect(head).toContain(`x-gate: ${GATE}\r\n`);
    expectNoneIn(body, [GATE, ...NEVER], 'a body');
    expect(body.split(TOKEN)).toHaveLength(2);
    expect(body).toContain(`"token_auth":"${TOKEN}"`);
  }
}

const throwing = (): never => {
  const cause = new Error(CONFIDED.thrown);
  throw Object.assign(new TypeError(CONFIDED.thrown, { cause }), { detail: CONFIDED.thrown });
};

const OPTIONS: MatomoOptions = {
  siteId: 1,
  tokenAuth: TOKEN,
  headers: { 'X-Gate': GATE },
  visitorKey: CONFIDED.key,
  userId: 'http.request.header.x-api-key',
  visitorId: 'cookie',
  trustProxy: true,
  dimensions: { 1: throwing, 2: 'http.request.header.x-note', 3: 'http.response.header.x-note' },
  actionName: throwing,
  exportTimeoutMillis: 5000,
  shutdownTimeoutMillis: 200,
  scheduledDelayMillis: 10,
};

const listener: RequestListener = (request, response) => {
  if (request.url?.startsWith('/error')) {
    trace.getActiveSpan()?.recordException(new TypeError(CONFIDED.thrown));
  }
  annotate({ nonsense: CONFIDED.thrown, e_a: 'half', pf_srv: CONFIDED.thrown } as never);
  annotate({ token_auth: CONFIDED.thrown, cid: CONFIDED.thrown } as never);
  annotate({ uid: CLIENT.user, cid: CLIENT.user, idsite: CLIENT.address } as never);
  response.writeHead(request.url?.startsWith('/error') ? 500 : 200).end();
};

test.each(FAULTS)(
  '%s: nothing confided is seen, also by a logger at every level',
  async (logged, fault) => {
    const output = captureOutput();
    const said: unknown[] = [];
    const { inspector: matomo, wire } = await matomoOnWire();
    const processor = new MatomoSpanProcessor({ ...OPTIONS, url: wire.url });
    const exporter = new MatomoSpanExporter({ ...OPTIONS, url: wire.url });
    const traces = new InMemorySpanExporter();
    const spanProcessors = [processor as never, new SimpleSpanProcessor(traces) as never];
    const service = await startTracedService(listener, { enabled: false }, { spanProcessors });
    const write = (...given: unknown[]) => void said.push(given);
    const logger = { verbose: write, debug: write, info: write, warn: write, error: write };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
    const request = async (path: string, made: number) => {
      await service.fetch(`${path}/${CLIENT.path}?${QUERY}`, { headers: HEADERS });
      await eventually(() => processor.stats().hits >= made);
      await processor.forceFlush();
    };
    await request('/a', 1);
    await eventually(() => processor.stats().tracked === 1);
    if (typeof fault === 'string') await wire.play({ kind: fault });
    else matomo.play(fault);
    await request('/error', 2);
    await eventually(() => seen([output, said]).includes(logged));
    const shown = seen([processor, exporter]);
    await exporter.shutdown();
    await processor.shutdown();
    expectNoneIn(seen([output, said]), Object.values(CLIENT), 'a log');
    const tracked = seen(matomo.hits().map(({ params }) => params));
    for (const text of Object.values(CLIENT)) expect(tracked).toContain(text);
    const text = seen([said, output, processor.stats(), shown, seen(processor)]);
    expect(text).toContain('threw TypeError');
    expectNoneIn(text, SECRETS, 'what was said');
    expectNoneIn(seen(matomo.hits().map(({ stored }) => stored)), NEVER, 'what Matomo stored');
    expectOnlyTokenInBodies(wire);
    const spans = traces.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes }));
    expectNoneIn(seen(spans), [TOKEN], 'a span');
  },
);

test('an application under register writes nothing confided, while Node.js tells what it does', async () => {
  const { inspector: matomo, wire } = await matomoOnWire();
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
    env: {
      ...{ NODE_DEBUG: 'http,net,tls,timer,stream', MATOMO_SCHEDULE_DELAY: '20' },
      ...{ MATOMO_URL: wire.url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: TOKEN },
      ...{ MATOMO_HEADERS: `x-gate=${GATE}`, MATOMO_VISITOR_KEY: CONFIDED.key },
      MATOMO_USER_ID: 'http.request.header.authorization',
    },
  });
  const get = async () => {
    const headers = { ...HEADERS, connection: 'close' };
    await (await fetch(`${app.url}/a?page=2`, { headers })).text();
  };
  await get();
  await eventually(() => app.tracking());
  await wire.play({ kind: 'refuse' });
  await get();
  await eventually(() => app.stderr().includes('[unreachable]'));
  await wire.play();
  matomo.play({ status: 401, body: ECHO });
  await get();
  await app.stop();
  expect(app.stderr()).toContain('[lost-at-shutdown]');
  expect(app.stderr()).toContain('[user-id-token]');
  expectNoneIn(app.stdout() + app.stderr(), SECRETS, 'the output');
  expectOnlyTokenInBodies(wire);
});
