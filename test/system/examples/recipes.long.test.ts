// docs/recipes.md: the variables of each section, with the code that it shows.
import { expect, test } from 'vitest';
import { createToPseudonym } from '../../../src/hit/visitor/pseudonym.js';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { eventually, ROOT, runNode, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { rawRequest, sendRaw } from '../../support/raw-request.js';
import { REGISTER } from '../../support/registered-app.js';
import { read } from '../docs/pages.js';
import { startExample } from './examples.js';

const FOLDER = `${ROOT}examples/recipes`;
const CLIENT = 'acme-backend/2.3';

const paramsOf = (hits: readonly InspectedHit[]) => hits.map(({ params }) => params);

test('without code, user IDs are pseudonyms of keys', async () => {
  const env = variablesOf('Who calls, and how often?');
  const { server, inspector } = await startExample('zero-code', env);
  for (const key of ['key-of-acme', 'key-of-globex', 'key-of-acme']) {
    await ask(`${server.url}/users/7`, { 'x-api-key': key });
  }
  await ask(`${server.url}/users/7`);
  await server.stop();
  const toPseudonym = createToPseudonym(env.MATOMO_VISITOR_KEY as string);
  const [acme, globex] = ['key-of-acme', 'key-of-globex'].map(toPseudonym);
  const userIds = paramsOf(inspector.hits()).map(({ uid }) => uid);
  expect(userIds.sort()).toEqual([acme, acme, globex, undefined].sort());
  expect(JSON.stringify(inspector.hits())).not.toContain('key-of-');
});

test('with code, user IDs are names, and headers, failed endpoints and clients are dimensions', async () => {
  const deprecated = variablesOf('Who still calls a deprecated endpoint?').MATOMO_DIMENSIONS;
  const clients = '1=matomo.failed_endpoint,7=user_agent.name,8=user_agent.version';
  const env = { MATOMO_DIMENSIONS: `${clients},${deprecated}` };
  const { server, inspector } = await startExample('recipes', env);
  const headers = { 'x-api-key': 'key-of-acme', 'user-agent': CLIENT };
  for (const path of ['/users/7', '/v1/users/7', '/reports/daily'])
    await ask(server.url + path, headers);
  await ask(`${server.url}/sign-ups`, headers, 'POST');
  expect((await server.stop()).code).toBe(0);
  const name = { dimension7: 'acme-backend', dimension8: '2.3' };
  const client = { uid: 'acme', dimension5: 'paying', ...name };
  const [user, old, report, signUp, goal, ...others] = inspector.hits();
  expect(others).toEqual([]);
  expect(user?.params).toMatchObject({ ...client, action_name: 'GET /users/:id' });
  expect(old?.params).toMatchObject({ ...client, dimension6: '@1767225600' });
  expect(report?.params).toMatchObject({ ...client, dimension1: '5xx GET /reports/daily' });
  for (const hit of [user, report, signUp]) expect(hit?.params).not.toHaveProperty('dimension6');
  for (const hit of [user, old, signUp]) expect(hit?.params).not.toHaveProperty('dimension1');
  expect(goal?.params).toMatchObject({ uid: 'acme', idgoal: expect.any(String) });
});

test('a job is an event with its result and duration', async () => {
  const inspector = await startMatomo();
  const env = { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' };
  const { code } = await runNode([...REGISTER, 'job.js'], { cwd: FOLDER, env });
  expect(code).toBe(0);
  const event = { e_c: 'Jobs', uid: 'jobs' };
  const [sent, failed, ...others] = paramsOf(inspector.hits());
  expect(others).toEqual([]);
  expect(sent).toMatchObject({ ...event, e_a: 'send invoices', e_n: 'succeeded' });
  expect(Number(sent?.e_v)).toBeGreaterThanOrEqual(19);
  expect(failed).toMatchObject({ ...event, e_a: 'import prices', e_n: 'failed' });
});

test('requests of a service can be ignored by its User-Agent, beside health checks', async () => {
  const env = variablesOf('What if one service calls another?');
  const { server, inspector } = await startExample('recipes', env);
  await ask(`${server.url}/users/1`); // by fetch, as a service does
  await ask(`${server.url}/users/2`, { 'user-agent': 'kube-probe/1.31' });
  await ask(`${server.url}/users/3`, { 'user-agent': CLIENT });
  await server.stop();
  expect(paramsOf(inspector.hits())).toMatchObject([{ url: expect.stringMatching(/\/3$/) }]);
});

test('a service that forwards its clients adds no visitor', async () => {
  const forwarded = { MATOMO_TOKEN_AUTH: 'a-token', MATOMO_TRUST_PROXY: '1' };
  const { server, inspector } = await startExample('recipes', forwarded);
  const frontend = await startServer([...REGISTER, 'frontend.js'], {
    cwd: FOLDER,
    env: {
      ...{ MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' },
      ...{ MATOMO_TOKEN_AUTH: 'a-token', BACKEND_URL: server.url },
    },
  });
  const port = Number(new URL(frontend.url).port);
  for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
    await sendRaw({ port, localAddress }, rawRequest('/profiles/7', [`User-Agent: ${CLIENT}`]));
  }
  await frontend.stop();
  await server.stop();
  await eventually(() => inspector.hits().length === 4);
  const visitors = (title: string) =>
    paramsOf(inspector.hits())
      .filter(({ action_name }) => action_name === title)
      .map(({ cid, cip }) => `${cid} ${cip}`)
      .sort();
  expect(new Set(visitors('GET /profiles/:id')).size).toBe(2);
  expect(visitors('GET /users/:id')).toEqual(visitors('GET /profiles/:id'));
});

/** What the shell blocks of a section export. */
function variablesOf(heading: string): Record<string, string> {
  const section = read('docs/recipes.md')
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  const exported = (section ?? '').matchAll(/^export (MATOMO_\w+)=(?:'([^']*)'|(\S+))/gm);
  const entries = [...exported].map(([, name, quoted, plain]) => [name, quoted ?? plain]);
  expect(entries).not.toEqual([]);
  return Object.fromEntries(entries);
}

async function ask(url: string, headers: Record<string, string> = {}, method = 'GET') {
  await (await fetch(url, { method, headers: { connection: 'close', ...headers } })).text();
}
