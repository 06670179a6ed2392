import { expect, test } from 'vitest';
import type { InspectedHit, InspectorOptions } from '../../../src/inspector/index.js';
import { runChecks, runSetupAsJson } from '../../support/cli.js';
import { hit, sendBulk, start } from '../inspector-client.js';

async function rehearse(options: InspectorOptions, token = 'any') {
  const inspector = await start(options);
  const { url } = inspector;
  const env = { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: token };
  return { inspector, env };
}

/** Calls the API as `setup` does. */
async function call(url: string, method: string, params: Record<string, string>, token = 'any') {
  const response = await fetch(`${url}/index.php?${new URLSearchParams({ method })}`, {
    method: 'POST',
    body: new URLSearchParams({ idSite: '1', ...params, token_auth: token }),
  });
  const body = (await response.json()) as { message?: string; value?: unknown };
  return { status: response.status, body };
}

test('setup prepares the inspector, doctor approves it, and its hits have dimensions', async () => {
  const { inspector, env } = await rehearse({});
  const args = ['--yes', '--goal', 'Sign-up=/welcome', '--weekly-report', 'team@shop.example'];
  const { code, result } = await runSetupAsJson(env, args);
  expect(code).toBe(0);
  expect(result.applied).toBe(true);
  const { MATOMO_DIMENSIONS, MATOMO_MAX_CUSTOM_VARIABLES } = result.environment;
  expect(MATOMO_DIMENSIONS).toMatch(/^1=.*,2=.*,3=.*,4=[^,]*$/);
  expect(MATOMO_MAX_CUSTOM_VARIABLES).toBe('0');

  const again = await runSetupAsJson(env, args);
  expect(again.result.plan.map(({ action }) => action)).toEqual(Array(6).fill('present'));

  const doctor = await runChecks({ ...result.environment, ...env });
  expect(doctor.about('fields')).toMatchObject([{ verdict: 'ok' }]);
  expect(doctor.about('token')).toMatchObject([{ verdict: 'ok' }]);

  inspector.clear();
  await sendBulk(inspector, [hit({ dimension2: '404', dimension5: 'pro' })]);
  const [{ stored, status, droppedParameters }] = inspector.hits() as [InspectedHit];
  expect(stored).toHaveProperty('custom_dimension_2', '404');
  expect(status).toBe(404);
  expect(Object.keys(droppedParameters ?? {})).toEqual(['dimension5']);
});

test('a full scope, an unknown dimension, and what only a super user may do are refused as by Matomo', async () => {
  const { inspector } = await rehearse({
    dimensions: [1, 2, 3, 4, 5],
    tokens: { view: 'view', any: 'write', super: 'super' },
  });
  const { url } = inspector;
  const create = { name: 'Sixth', scope: 'action', active: '1' };
  const change = { idDimension: '9', name: 'X', active: '1' };
  const shared = { name: 'S', definition: 'dimension1==a', enabledAllUsers: '1' };
  const site = { siteName: 'New', 'urls[0]': 'https://new.example' };
  const calls: [string, Record<string, string>, string, number, string][] = [
    ['CustomDimensions.configureNewCustomDimension', create, 'any', 200, 'already used'],
    ['CustomDimensions.configureNewCustomDimension', create, 'view', 401, "'write' access"],
    ['CustomDimensions.configureExistingCustomDimension', change, 'any', 200, 'does not exist'],
    ['SegmentEditor.add', shared, 'any', 200, 'Super User'],
    ['SitesManager.addSite', site, 'any', 401, 'superuser'],
    ['Goals.getGoals', {}, 'wrong', 401, 'invalid or expired'],
    ['Goals.getGoals', {}, '', 401, 'view access'],
    ['API.noSuch', {}, 'any', 400, 'does not exist'],
  ];
  for (const [method, params, token, status, message] of calls) {
    const answer = await call(url, method, params, token);
    expect([method, token, answer.status]).toEqual([method, token, status]);
    expect(answer.body).toMatchObject({ result: 'error' });
    expect(answer.body.message).toContain(message);
  }
  const added = await call(url, 'SitesManager.addSite', site, 'super');
  const found = await call(url, 'SitesManager.getSitesIdFromSiteUrl', { url: site['urls[0]'] });
  expect(found.body).toEqual([{ idsite: added.body.value }]);
});

test('a segment belongs to its site', async () => {
  const { inspector } = await rehearse({});
  await call(inspector.url, 'SegmentEditor.add', { name: 'S', definition: 'userId==' });
  const segmentsOf = async (idSite: string) =>
    (await call(inspector.url, 'SegmentEditor.getAll', { idSite })).body;
  expect(await segmentsOf('1')).toMatchObject([{ name: 'S' }]);
  expect(await segmentsOf('2')).toEqual([]);
});

test('a dimension that was set to inactive is dropped', async () => {
  const { inspector } = await rehearse({ dimensions: [1] });
  const change = { idDimension: '1', name: 'Plan', active: '0' };
  await call(inspector.url, 'CustomDimensions.configureExistingCustomDimension', change);
  await sendBulk(inspector, [hit({ dimension1: 'x' })]);
  expect(inspector.hits()[0]?.droppedParameters).toHaveProperty('dimension1');
});

test('a page of another origin cannot use the API', async () => {
  const { inspector } = await rehearse({});
  const headers = { Origin: 'https://evil.example' };
  const { status } = await fetch(`${inspector.url}/index.php`, { method: 'POST', headers });
  expect(status).toBe(403);
});

test('a bulk of calls does not contain another, however it is written', async () => {
  const { inspector } = await rehearse({});
  const inner = 'method=API%2EgetBulkRequest&urls[0]=method%3DAPI.getMatomoVersion';
  const urls = { 'urls[0]': inner, 'urls[1]': 'method=API.getMatomoVersion' };
  const { body } = await call(inspector.url, 'API.getBulkRequest', urls);
  expect(body).toEqual([{ value: expect.any(String) }]);
});

test('a second question mark in the URL of a call is data', async () => {
  const { inspector } = await rehearse({});
  const query = 'method=Goals.addGoal&idSite=1&token_auth=any&name=Why?&pattern=/why';
  await fetch(`${inspector.url}/index.php?${query}`);
  const { body } = await call(inspector.url, 'Goals.getGoals', {});
  expect((body as object as object[]).at(-1)).toMatchObject({ name: 'Why?', pattern: '/why' });
});
