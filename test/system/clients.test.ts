// Who calls: user IDs from keys and tokens, and dimensions from headers, in all ways in which requests arrive.
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import { deriveVisitorKey } from '../../src/hit/visitor/visitor-id.js';
import { annotate, trackEvent } from '../../src/index.js';
import type { Inspector } from '../../src/inspector/index.js';
import { capturedHeaders } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { setEnvironment } from '../support/environment.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { jwt } from '../support/jwt.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { APPS, REGISTER, startTracked, TRACED } from '../support/registered-app.js';
import { fetchFrom, startTracedService } from '../support/traced-service.js';
import { words } from '../support/words.js';

const { listener } = createRequire(import.meta.url)('../support/apps/clients.cjs');

const KEY = 'key5ec2e7';
const TOKEN = jwt({ sub: 'subject5ec2e7' });
const toPseudonym = createToPseudonym('a-visitor-key');

const ENV = {
  MATOMO_VISITOR_KEY: 'a-visitor-key',
  MATOMO_USER_ID: 'http.request.header.X-Api-Key',
  MATOMO_DIMENSIONS: words(`
  1=http.request.header.x-app-version 2=http.response.header.X-Cache
  3=matomo.deprecated_endpoint 4=user_agent.name 5=user_agent.version 6=matomo.content_format
  7=http.request.header.x-forwarded-for 8=http.request.header.x-original-url
`).join(),
  MATOMO_ANONYMIZE_IP: '2',
};
const HEADERS = {
  'x-api-key': KEY,
  authorization: `Bearer ${TOKEN}`,
  'x-app-version': '2.1',
  'user-agent': 'python-requests/2.32.3',
  'x-forwarded-for': '203.0.113.9, 198.51.100.7',
  'x-original-url': '/old?token=token5ec2e7&a=1',
};
/** What the message of the parser would quote. */
const UNREADABLE: string = Buffer.from('{"sub":"unreadable5ec2e7').toString('base64url');
const SECRET = new RegExp(['5ec2e7', UNREADABLE, ...TOKEN.split('.')].join('|'));

interface Asked {
  readonly path: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const REQUESTS: readonly Asked[] = [
  { path: '/v1/users' },
  { path: '/readme.md' },
  { path: '/401', status: 401 },
  { path: '/403', status: 403 },
  { path: '/404', status: 404 },
  { path: '/500', status: 500 },
  { path: '/unreadable', headers: { ...HEADERS, authorization: `Bearer e30.${UNREADABLE}.c2ln` } },
];

type Env = Readonly<Record<string, string>>;
type Way = (env: Env) => Promise<{ inspector: Inspector; output: () => string }>;

async function registered(env: Env, args: readonly string[] = [...TRACED, ...REGISTER]) {
  const { inspector, app } = await startTracked([...args, `${APPS}/clients.cjs`], {
    MATOMO_SCHEDULE_DELAY: '20',
    ...env,
  });
  const port = Number(new URL(app.url).port);
  for (const { path, headers = HEADERS } of REQUESTS) await fetchFrom(port, path, { headers });
  await eventually(() => inspector.hits().length === REQUESTS.length);
  await app.stop(); // all output is here
  return { inspector, output: () => app.stdout() + app.stderr() };
}

function stubEnvironment(env: Env): () => string {
  setEnvironment(env);
  const output = captureOutput();
  return () => output.join('');
}

const WAYS: Readonly<Record<string, Way>> = {
  async SDK(env) {
    const output = stubEnvironment(env);
    const service = await startTracedService(listener);
    for (const { path, headers = HEADERS } of REQUESTS) await service.fetch(path, { headers });
    await service.requests(REQUESTS.length);
    await service.hits();
    return { inspector: service.inspector, output };
  },
  'register without tracing': (env) => registered(env, REGISTER),
  'worker thread': (env) => registered({ ...env, WORKER: '1' }),
  async gateway(env) {
    const output = stubEnvironment(env);
    const { gateway, inspector } = await startGateway();
    const spans = REQUESTS.map(({ path, status = 200, headers = HEADERS }) =>
      requestSpan(
        path,
        {},
        {
          'http.response.status_code': status,
          'user_agent.original': HEADERS['user-agent'],
          ...capturedHeaders(headers),
          'http.response.header.x_cache': ['HIT'],
          'http.response.header.content-type': path.endsWith('.md')
            ? 'text/markdown'
            : 'application/json',
          ...(path.startsWith('/v1/') && { 'http.response.header.deprecation': '@1688169599' }),
        },
      ),
    );
    await sendSpans(gateway, exportRequest(spans));
    await eventually(() => inspector.hits().length === REQUESTS.length);
    return { inspector, output };
  },
};

/** The hits that are made on a way, by their paths, and the log. Nothing of them is a secret. */
async function run(way: Way, env: Env) {
  const { inspector, output } = await way(env);
  expect(JSON.stringify(inspector.hits())).not.toMatch(SECRET);
  expect(output()).not.toMatch(SECRET);
  const pathOf = (url = '') => new URL(url).pathname;
  const hits = inspector.hits().map(({ params }) => [pathOf(params.url), params] as const);
  return { hits: Object.fromEntries(hits), output: output() };
}

test.each(Object.entries(WAYS))(
  '%s: a key is a pseudonym, and headers are dimensions',
  async (_name, way) => {
    const { hits } = await run(way, ENV);
    expect(hits['/v1/users']).toMatchObject({
      uid: toPseudonym(KEY),
      dimension1: '2.1',
      dimension2: 'HIT',
      dimension3: 'GET /v1/users',
      dimension4: 'python-requests',
      dimension5: '2.32.3',
      dimension6: 'json',
      dimension7: '203.0.0.0, 198.51.0.0',
      dimension8: '/old?token=redacted&a=1',
    });
    expect(hits['/readme.md']).toMatchObject({ dimension6: 'markdown' });
    expect(hits['/readme.md']).not.toHaveProperty('dimension3');
    // The same key was let in before.
    for (const path of ['/401', '/403', '/404', '/500'])
      expect(hits[path]).toMatchObject({ uid: toPseudonym(KEY) });
  },
);

/** The same code reads claims and keys in a process of its own. */
const HERE = Object.entries(WAYS).filter(([name]) => name === 'SDK' || name === 'gateway');

test.each(HERE)('%s: a claim is a pseudonym', async (_name, way) => {
  const { hits, output } = await run(way, { ...ENV, MATOMO_USER_ID: 'jwt.sub' });
  expect(hits['/v1/users']).toMatchObject({ uid: toPseudonym('subject5ec2e7') });
  expect(hits['/unreadable']).not.toHaveProperty('uid');
  expect(output.split('[user-id-token]')).toHaveLength(2);
});

const NO_USERS = HERE.flatMap(([name, way]) => [
  {
    ...{ name, way, what: 'a token is no key', code: '[user-id-token]' },
    env: { MATOMO_USER_ID: 'http.request.header.authorization' },
  },
  {
    ...{ name, way, what: 'a daily key makes no user IDs', code: '[user-id-key]' },
    env: { MATOMO_VISITOR_KEY: 'daily' },
  },
]);

test.each(NO_USERS)('$name: $what, and one line says so', async ({ way, env, code }) => {
  const { hits, output } = await run(way, { ...ENV, ...env });
  expect(Object.keys(hits)).toHaveLength(REQUESTS.length);
  for (const hit of Object.values(hits)) expect(hit).not.toHaveProperty('uid');
  expect(output.split(code)).toHaveLength(2);
});

test('events have the pseudonym of their request, made with the key of the token', async () => {
  const service = await startTracedService(
    (_request, response) => {
      annotate({ dimension1: 'noted' });
      trackEvent('at', 'work');
      response.end();
    },
    { tokenAuth: 'a-token', userId: 'http.request.header.x_api_key' },
  );
  const hits = await service.visit('/a', { headers: { 'x-api-key': KEY } });
  const uid = createToPseudonym(deriveVisitorKey('a-token'))(KEY);
  expect(hits.map(({ params }) => params.uid)).toEqual([uid, uid]);
});
