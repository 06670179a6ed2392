import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { eventually } from '../../support/child-process.js';
import { ONLY_TRACES } from '../../support/registered-app.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { sentTo, startExample } from './examples.js';

/** A timer of 20 ms may fire within the 20th. */
const TIMED = expect.stringMatching(/^(?:19|[2-9]\d|\d{3,})$/);
const endsWith = (path: string) => expect.stringMatching(new RegExp(`:\\d+${path}$`));
const status = (value: string) => expect.stringContaining(`["http_status_code","${value}"]`);

type Texts = Readonly<Record<string, string>>;
type Ask = readonly [path: string, headers?: Texts];

/** What is asked, and of each hit some of what was sent. */
const EXAMPLES: Readonly<Record<string, { env?: Texts; asks: Ask[]; sends: object[] }>> = {
  'sdk-registration': {
    asks: [['/hello/you']],
    sends: [{ action_name: 'GET /hello/:name', url: endsWith('/hello/you'), cvar: status('200') }],
  },
  'strict-privacy': {
    env: { MATOMO_TOKEN_AUTH: 'a-token' },
    asks: [
      ['/patients/max-mustermann/letters/4711?from=mail'],
      ['/patients/max-mustermann/letters/4711?from=mail', { cookie: 'consent=yes' }],
    ],
    sends: [
      { cip: '0.0.0.0', url: endsWith('/patients/:name/letters/:id') },
      { cip: '0.0.0.0', e_c: 'letter' },
    ],
  },
  'alongside-tracing': {
    env: { OTEL_TRACES_EXPORTER: 'console', ...ONLY_TRACES },
    asks: [['/users/7']],
    sends: [{ action_name: 'GET /users/:id', pf_dm1: TIMED }],
  },
  esm: {
    asks: [['/parcels/7']],
    sends: [{ action_name: 'Parcel', pf_dm1: TIMED, cvar: expect.stringContaining('"NZ"]') }],
  },
  'ai-chatbots': {
    env: { MATOMO_PAGE_VIEWS: 'false' },
    asks: ['/', '/guide.pdf', '/missing', '/catalog'].flatMap((path): Ask[] => [
      [path, { 'user-agent': 'ChatGPT-User/1.0' }],
      [path],
    ]),
    sends: [
      { url: endsWith('/'), http_status: '200', bw_bytes: expect.stringMatching(/^\d{2,}$/) },
      { download: endsWith('/guide.pdf'), http_status: '200' },
      { url: endsWith('/missing'), http_status: '404' },
    ],
  },
  'custom-dimensions': {
    asks: [['/customers/grace'], ['/customers/nobody']],
    sends: [
      { dimension2: '200', dimension4: '/customers/:name', dimension5: 'pro' },
      { dimension2: '404', dimension3: 'GET', dimension4: '/customers/:name' },
    ],
  },
  'several-sites': {
    env: { MATOMO_SITE_ID: '' },
    asks: ['shop', 'blog', 'elsewhere'].map((name) => ['/', { host: `${name}.example` }]),
    sends: [
      { idsite: '1', url: 'https://shop.example/' },
      { idsite: '2', url: 'https://blog.example/' },
    ],
  },
};

test.each(Object.entries(EXAMPLES))('%s', async (example, { env, asks, sends }) => {
  const { server, inspector } = await startExample(example, env);
  for (const [path, headers] of asks) await ask(server.url + path, headers);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const sent = sentTo(inspector);
  for (const one of sends) expect(sent).toContainEqual(expect.objectContaining(one));
  expect(sent).toHaveLength(sends.length);
  expect(JSON.stringify(inspector.hits())).not.toMatch(/mustermann|4711|from=mail/);
});

test('a report of the shop is tracked with the times of its steps, a client that left with 499', async () => {
  const { server, inspector } = await startExample('shop', { STOCK_MILLIS: '3600000' });
  const [answer] = (await once(get(`${server.url}/stock/1`), 'response')) as [IncomingMessage];
  answer.destroy();
  await ask(`${server.url}/reports/2026-05`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const hits = new Map(inspector.hits().map((hit) => [hit.stored?.title, hit]));
  expect(inspector.hits()).toHaveLength(2);
  expect(hits.get('GET /stock/:id')?.status).toBe(499);
  const { params } = hits.get('GET /reports/:month') as InspectedHit;
  expect(params).toMatchObject({ pf_dm2: expect.any(String), cvar: status('200') });
  expect(Number(params.pf_dm1)).toBeGreaterThanOrEqual(14);
  expect(Number(params.pf_onl)).toBeGreaterThanOrEqual(4);
});

test('the workers of a cluster share a spool, and send all of their hits', async () => {
  const { server, inspector } = await startExample('cluster-with-spool', {
    MATOMO_SPOOL: join(temporaryFolder(), 'spool'),
  });
  const workers = new Set<number>();
  let sent = 0;
  await eventually(async () => {
    const headers = { connection: 'close' };
    const response = await fetch(`${server.url}/users/${sent}`, { headers });
    workers.add(((await response.json()) as { worker: number }).worker);
    sent += 1;
    return workers.size === 2;
  });
  await eventually(() => inspector.hits().length === sent);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

/** Not by fetch, which sets the Host header itself. */
async function ask(url: string, headers: Texts = {}): Promise<void> {
  const [response] = await once(get(url, { headers, agent: false }), 'response');
  response.resume();
  await once(response, 'end');
}
