import { Agent, get, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { startRedis } from '../support/redis-server.js';
import { APPS, REGISTER } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PER_SECOND = 20;
const SECONDS = 20;
const MOST_SECONDS = 20;
const CLIENTS = 50;
const HITS = PER_SECOND * SECONDS;

type Refuse = (response: ServerResponse, hits: number) => void;

/** A Matomo that refuses bulks with a hit of `/mark`. Knows after how many seconds each other hit was stored. */
async function startPickyMatomo(refuse: Refuse) {
  const ages: number[] = [];
  const url = await listen(async (request, response) => {
    const { requests } = (await json(request)) as { requests: string[] };
    const hits = requests.map((query) => new URLSearchParams(query));
    if (hits.some((hit) => hit.get('url')?.endsWith('/mark'))) {
      refuse(response, requests.length);
      return;
    }
    for (const hit of hits) ages.push(Date.now() / 1000 - Number(hit.get('cdt')));
    response.end(JSON.stringify({ status: 'success', tracked: requests.length, invalid: 0 }));
  });
  return { url, ages };
}

async function visit(url: string, agent: Agent, index: number): Promise<void> {
  const send = (path: string, address: string, userAgent: string) =>
    new Promise<void>((resolve, reject) => {
      const headers = { 'x-forwarded-for': address, 'user-agent': userAgent };
      const request = get(`${url}${path}`, { agent, headers }, (response) => {
        response.resume().on('end', resolve);
      });
      request.on('error', reject);
    });
  await Promise.all([
    send('/page', `198.51.100.${index % CLIENTS}`, `Mozilla/5.0 (X11; ${index % CLIENTS})`),
    send('/mark', '203.0.113.9', `Mozilla/5.0 (X11; rv:${index})`),
  ]);
}

const REFUSALS: Readonly<Record<string, Refuse>> = {
  '403': (response) => response.writeHead(403).end('Forbidden'),
  '500 and counters': (response, hits) => {
    response.writeHead(500);
    response.end(JSON.stringify({ status: 'error', tracked: hits - 1, invalid: 0 }));
  },
  '500 and an empty body': (response) => response.writeHead(500).end(),
};

const TOKEN = { MATOMO_TOKEN_AUTH: 'a'.repeat(32) };

async function startApp(refuse: Refuse, options: Readonly<Record<string, string>>) {
  const matomo = await startPickyMatomo(refuse);
  const env = {
    MATOMO_URL: matomo.url,
    MATOMO_SITE_ID: '1',
    MATOMO_TRUST_PROXY: 'true',
    ...options,
  };
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], { env });
  return { matomo, app };
}

test.each<[string, () => Promise<Record<string, string>> | Record<string, string>]>([
  ['in memory', () => TOKEN],
  ['in a folder', () => ({ ...TOKEN, MATOMO_SPOOL: temporaryFolder() })],
  ['in Redis', async () => ({ ...TOKEN, MATOMO_SPOOL: (await startRedis()).url })],
  ['with privacy', () => ({ ...TOKEN, MATOMO_PRIVACY: 'strict' })],
  ['without a token', () => ({})],
])(
  'hits of one client are refused: each hit of others is stored within 20 s, %s',
  async (_way, open) => {
    const agent = new Agent({ keepAlive: true });
    const opened = Object.entries(REFUSALS).map(async ([refusal, refuse]) => ({
      refusal,
      ...(await startApp(refuse, await open())),
    }));
    const apps = await Promise.all(opened);
    const startMillis = performance.now();
    for (let index = 0; index < HITS; index++) {
      const visits = apps.map(({ app }) => visit(app.url, agent, index));
      await Promise.all([wait(1000 / PER_SECOND), ...visits]);
    }
    agent.destroy();
    // A machine that is late with the requests is later with all else.
    const isLate = performance.now() - startMillis > 1050 * SECONDS;
    const mostSeconds = isLate ? 3 * MOST_SECONDS : MOST_SECONDS;
    for (const { refusal, matomo } of apps) {
      const describe = () => `${refusal}: ${matomo.ages.length}`;
      await eventually(() => matomo.ages.length >= HITS, { describe });
      expect(Math.max(...matomo.ages), refusal).toBeLessThan(mostSeconds);
    }
    await Promise.all(apps.map(({ app }) => app.stop()));
    for (const { refusal, matomo } of apps) expect(matomo.ages, refusal).toHaveLength(HITS);
  },
);
