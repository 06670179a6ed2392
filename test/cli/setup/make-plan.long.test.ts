import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import type { ApiCall } from '../../support/matomo-api.js';
import { startMatomoSite } from '../matomo-site.js';

test('the plugin CustomDimensions off: its name, and who can activate it', async () => {
  const matomo = await startMatomoSite({ notes: ['plugin off'] });
  const args = ['--yes', '--segments', '--goal', 'Orders=/orders'];
  const { code, result } = await runSetupAsJson(environmentOf(matomo), args);
  expect(code).toBe(3);
  expect(result.plan[0]).toMatchObject({
    action: 'blocked',
    reason: expect.stringMatching(/CustomDimensions.*super user/),
  });
  expect(result.plan.map(({ kind, action }) => `${kind} ${action}`).slice(4)).toEqual([
    'goal create',
    'segment blocked',
    'segment blocked',
    'segment create',
  ]);
  expect(matomo.writes()).toEqual(['Goals.addGoal', 'SegmentEditor.add']);
});

/** Answers a method, or a question about a plugin. */
const answering =
  (wanted: string, answer: object) =>
  ({ method, params }: ApiCall) =>
    [method, params.pluginName].includes(wanted) ? answer : undefined;

test('in a Matomo that is too old, nothing is changed', async () => {
  const value = '4.16.1';
  const matomo = await startMatomoSite({ answer: answering('API.getMatomoVersion', { value }) });
  const { code, stderr } = await runSetup(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`${value}.*Nothing was changed.*\\[matomo-too-old\\]`));
  expect(matomo.writes()).toEqual([]);
});

test('site search is only mentioned if search parameters are sent; custom variables that are dropped need not be sent', async () => {
  const matomo = await startMatomoSite({ answer: answering('CustomVariables', { value: false }) });
  const env = environmentOf(matomo);
  const searching = await runSetup({ ...env, MATOMO_SITE_SEARCH: 'true' }, ['--dry-run']);
  expect(searching.stdout).toMatch(/site search/i);
  const { stdout } = await runSetup(env, ['--yes']);
  expect(stdout).not.toContain('earch');
  expect(stdout).toContain('CustomVariables');
  expect(stdout).toContain('export MATOMO_MAX_CUSTOM_VARIABLES=0');
});
