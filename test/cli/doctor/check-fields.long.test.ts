import { expect, test } from 'vitest';
import { checkFields } from '../../../src/cli/doctor/check-site.js';
import type { SiteSettings } from '../../../src/cli/doctor/questions.js';
import { toDimension } from '../../../src/cli/matomo-api.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { checkWithApi, runChecks } from '../../support/cli.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import {
  type ApiCall,
  type ApiRole,
  type MatomoApiOptions,
  tokenOf,
} from '../../support/matomo-api.js';

const STATUS_AND_METHOD = {
  MATOMO_DIMENSIONS: '1=http.request.method,2=http.response.status_code',
};
const NO_VARIABLES = { MATOMO_MAX_CUSTOM_VARIABLES: '0' };

async function diagnose(
  api: MatomoApiOptions,
  env: Record<string, string> = {},
  more: { sends?: boolean; role?: ApiRole } = {},
) {
  const diagnosis = await checkWithApi(api, { env, ...more });
  expect(diagnosis.matomo.unrecorded).toEqual([]);
  return { ...diagnosis, fields: diagnosis.about('fields') };
}

test('with custom variables and dimensions all is well, asked once and with the token in the body', async () => {
  const { code, fields, matomo, about } = await diagnose({}, STATUS_AND_METHOD);
  expect(fields).toEqual([
    { check: 'fields', verdict: 'ok', found: expect.stringContaining('CustomVariables') },
    {
      check: 'fields',
      verdict: 'ok',
      found: expect.stringMatching(
        / 1 has .*\b1 "http method" \(http\.request\.method\), 2 "http status"/,
      ),
    },
  ]);
  expect(code).toBe(0);
  expect(matomo.requests).toHaveLength(2); // settings, and reports
  for (const { method, url } of matomo.requests) {
    expect(method).toBe('POST');
    expect(url).not.toContain(tokenOf('write'));
  }
  expect(about('storing').at(-1)?.found).not.toMatch(/custom/i);
});

/** Findings about the fields of site 1 with these settings. */
function check(env: Record<string, string>, settings: Partial<SiteSettings>, ...sites: object[]) {
  const required = { MATOMO_URL: 'https://matomo.test', MATOMO_SITE_ID: '1' };
  const options = resolveOptions({}, { ...required, ...env }, silentDiagnostics());
  if (!options) throw new Error('no options');
  const dimensions = sites.map((one) => toDimension({ ...one }));
  const all = { hasCustomVariables: true, hasCustomDimensions: true, dimensions, ...settings };
  const { findings } = checkFields(options, all as SiteSettings);
  return findings.filter(({ verdict }) => verdict !== 'ok');
}

const ACTION = { idcustomdimension: '1', name: 'Route', scope: 'action', active: true };
const ROUTE = { MATOMO_DIMENSIONS: '1=http.route' };

test.each<[string, Record<string, string>, Partial<SiteSettings>, object[], RegExp]>([
  [
    'CustomVariables off',
    {},
    { hasCustomVariables: false },
    [],
    /CustomVariables.* → .*opentelemetry-matomo setup.*MATOMO_DIMENSIONS.*MATOMO_MAX_CUSTOM_VARIABLES=0/,
  ],
  [
    'CustomDimensions off',
    STATUS_AND_METHOD,
    { hasCustomDimensions: false },
    [],
    /CustomDimensions.* → Activate/,
  ],
  [
    'a dimension that does not exist',
    ROUTE,
    {},
    [],
    /\b1\b.* → Run npx opentelemetry-matomo setup\b/,
  ],
  [
    'an inactive dimension',
    ROUTE,
    {},
    [{ ...ACTION, active: false }],
    /\b1\b.*inactive.* → .*npx opentelemetry-matomo setup\b.*\b1\b/,
  ],
  [
    'a dimension of a visit',
    ROUTE,
    {},
    [{ ...ACTION, scope: 'visit' }],
    /\b1\b.*scope visit.* → .*action dimension/,
  ],
  ['what setup does not create', { MATOMO_DIMENSIONS: '9=app.plan' }, {}, [], /→ (?!.*npx )/],
  [
    'what setup creates with a flag',
    { MATOMO_DIMENSIONS: '9=user_agent.bot.name' },
    {},
    [],
    / → .*npx opentelemetry-matomo setup --bots\b/,
  ],
])('%s is reported with the fix', (_what, env, settings, dimensions, text) => {
  const findings = check(env, settings, ...dimensions);
  expect(findings).toMatchObject([{ verdict: 'warning', code: 'fields-dropped' }]);
  expect(`${findings[0]?.found} → ${findings[0]?.advice}`).toMatch(text);
});

test.each([
  ['http.request.method', 'HTTP method', undefined],
  ['http.request.method', 'Verb of http', undefined],
  ['user_agent.bot.name', 'bot', undefined],
  ['mcp.client.name', 'MCP client', undefined],
  ['http.request.method', 'Plan', 'dimension-name'],
  ['app.plan', 'http status', 'dimension-name'],
  ['app.plan', 'Area.', 'dimension-name'],
])('%s in a dimension that is called %s', (attribute, name, code) => {
  const env = { MATOMO_DIMENSIONS: `1=${attribute}` };
  const found = expect.stringMatching(new RegExp(`"${name}".*${attribute}`));
  expect(check(env, {}, { ...ACTION, name })).toMatchObject(code ? [{ code, found }] : []);
});

test('without custom variables and dimensions doctor reports nothing about them', () => {
  expect(check(NO_VARIABLES, { hasCustomVariables: false })).toEqual([]);
});

/** What the API says instead of what was recorded. */
const answering =
  (wanted: string, value: unknown) =>
  ({ method, params }: ApiCall) =>
    [method, params.pluginName].includes(wanted) ? { value } : undefined;

test.each([
  ['1', []],
  ['0', ['fields-dropped']],
])('a plugin is active or not if Matomo says so with %j', async (value, codes) => {
  const { fields } = await diagnose({ answer: answering('CustomVariables', value) }, {});
  expect(fields.flatMap(({ code }) => code ?? [])).toEqual(codes);
  expect(fields.map(({ verdict }) => verdict)).not.toContain('unknown');
});

test.each([null, { ...ACTION, name: { toString: 1, valueOf: 1 } }])(
  'a dimension that Matomo does not have leaves the other findings as they are: %j',
  async (dimension) => {
    const answer = ({ method }: ApiCall) =>
      method.startsWith('CustomDimensions') ? [dimension] : undefined;
    const { about, code } = await diagnose({ answer }, STATUS_AND_METHOD);
    expect(about('address')).toMatchObject([{ verdict: 'ok' }]);
    expect(about('token')).toMatchObject([{ verdict: 'ok' }]);
    expect(code).toBe(0);
  },
);

test('QueuedTracking and a Matomo that is too old are reported with the fix', async () => {
  const queued = await diagnose({ answer: answering('QueuedTracking', true) });
  const advice = expect.stringContaining('queue');
  expect(queued.about('queue')).toMatchObject([{ code: 'queued-tracking', advice }]);
  const old = await diagnose({ answer: answering('API.getMatomoVersion', '4.16.1') });
  expect(old.about('matomo')).toContainEqual(
    expect.objectContaining({ verdict: 'warning', code: 'matomo-too-old' }),
  );
});

test('what the API tells about one of them is reported, also if it does not tell about the other', async () => {
  const answer = ({ method, params }: ApiCall) => {
    if (method === 'CustomDimensions.getConfiguredCustomDimensions') {
      return { result: 'error', message: 'no access' };
    }
    return params.pluginName === 'CustomVariables' ? { value: false } : undefined;
  };
  const asked = await diagnose({ answer }, STATUS_AND_METHOD);
  expect(asked.fields).toMatchObject([{ verdict: 'warning', code: 'fields-dropped' }]);
  expect(asked.about('storing').at(-1)?.found).toMatch(/custom/i);
  const sent = await diagnose({ answer }, STATUS_AND_METHOD, { sends: true });
  expect(sent.fields.map(({ verdict }) => verdict)).toEqual(['warning', 'unknown']);
});

test.each<[string, MatomoApiOptions, Record<string, string>, ApiRole]>([
  ['an address that is locked out', { isLocked: true }, {}, 'write'],
  ['no token', {}, { MATOMO_TOKEN_AUTH: '' }, 'write'],
])('%s: what is not known is a question mark, never all well', async (_what, api, env, role) => {
  const asked = await diagnose(api, env, { role });
  expect(asked.fields).toEqual([]);
  const open = asked.about('storing').at(-1);
  expect(open?.verdict).toBe('unknown');
  expect(open?.found).toMatch(/custom/i);
  const sent = await diagnose(api, env, { sends: true, role });
  expect(sent.fields).toMatchObject([{ verdict: 'unknown' }]);
  expect(sent.output).not.toContain(tokenOf(role));
});

test('if the tracker answers and the API does not, the cause is a question mark', async () => {
  const { wire, env } = await matomoOnWire();
  const where = (body: string) => body.startsWith('urls');
  await wire.play({ kind: 'answer', where, status: '403 Forbidden' });
  const { about, code } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: 'a-token' });
  expect(about('matomo')).toMatchObject([
    { verdict: 'ok' },
    {
      verdict: 'unknown',
      found: expect.stringMatching(/index\.php.* 403/),
      advice: expect.stringContaining('POST to index.php'),
    },
  ]);
  expect(code).toBe(0);
});
