import { expect, test } from 'vitest';
import { runChecks } from '../../support/cli.js';
import { startMatomo } from '../../support/matomo.js';
import {
  type ApiCall,
  type ApiRole,
  type MatomoApiOptions,
  startMatomoApi,
  tokenOf,
} from '../../support/matomo-api.js';

const STATUS_AND_METHOD = '1=http.request.method,2=http.response.status_code';

async function diagnose(
  api: MatomoApiOptions,
  env: Record<string, string> = {},
  { sends = false, role = 'write' as ApiRole } = {},
) {
  const inspector = await startMatomo();
  const matomo = await startMatomoApi({ tracker: inspector.url, ...api });
  const diagnosis = await runChecks(
    { MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: tokenOf(role), ...env },
    { sends },
  );
  expect(matomo.unrecorded).toEqual([]);
  return { ...diagnosis, matomo, fields: diagnosis.about('fields') };
}

/** What the API says with one plugin switched off or on. */
const plugin =
  (name: string, value: boolean) =>
  ({ method, params }: ApiCall) =>
    method === 'API.isPluginActivated' && params.pluginName === name ? { value } : undefined;

/** Dimensions of the site. */
const dimensions =
  (...list: object[]) =>
  ({ method }: ApiCall) =>
    method === 'CustomDimensions.getConfiguredCustomDimensions' ? list : undefined;

test('with custom variables and dimensions all is well, asked once and with the token in the body', async () => {
  const { code, fields, matomo, findings } = await diagnose(
    {},
    { MATOMO_DIMENSIONS: STATUS_AND_METHOD },
  );
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
  const storing = findings.filter(({ check }) => check === 'storing');
  expect(storing.at(-1)?.found).not.toMatch(/custom/i);
});

test.each<[string, MatomoApiOptions, Record<string, string>, RegExp, RegExp]>([
  [
    'CustomVariables off',
    { answer: plugin('CustomVariables', false) },
    {},
    /CustomVariables/,
    /opentelemetry-matomo setup.*MATOMO_DIMENSIONS.*MATOMO_MAX_CUSTOM_VARIABLES=0/,
  ],
  [
    'CustomDimensions off',
    { answer: plugin('CustomDimensions', false), notes: ['plugin off'] },
    { MATOMO_DIMENSIONS: STATUS_AND_METHOD },
    /CustomDimensions/,
    /Activate/,
  ],
  [
    'a dimension that does not exist',
    {},
    { MATOMO_DIMENSIONS: `${STATUS_AND_METHOD},9=http.route` },
    /\b9\b/,
    /npx opentelemetry-matomo setup\b/,
  ],
  [
    'an inactive dimension',
    { answer: dimensions({ idcustomdimension: '1', scope: 'action', active: false }) },
    { MATOMO_DIMENSIONS: '1=http.route' },
    /\b1\b.*inactive/,
    /npx opentelemetry-matomo setup\b.*\b1\b/,
  ],
  [
    'a dimension of a visit',
    { answer: dimensions({ idcustomdimension: '1', scope: 'visit', active: true }) },
    { MATOMO_DIMENSIONS: '1=http.route' },
    /\b1\b.*scope visit/,
    /action dimension/,
  ],
])('%s is reported with the fix', async (_what, api, env, found, advice) => {
  const { code, fields } = await diagnose(api, env, { sends: true });
  const dropped = fields.filter(({ verdict }) => verdict === 'warning');
  expect(dropped).toMatchObject([{ code: 'fields-dropped' }]);
  expect(dropped[0]?.found).toMatch(found);
  expect(dropped[0]?.advice).toMatch(advice);
  expect(code).toBe(0);
});

test.each([
  ['app.plan', /^(?!.*npx opentelemetry-matomo setup)/],
  ['user_agent.bot.name', /npx opentelemetry-matomo setup --bots\b/],
])('setup is recommended for what it creates only: %s', async (attribute, advice) => {
  const { fields } = await diagnose({}, { MATOMO_DIMENSIONS: `9=${attribute}` });
  expect(fields.find(({ verdict }) => verdict === 'warning')?.advice).toMatch(advice);
});

test.each([
  ['http.request.method', 'HTTP method', undefined],
  ['http.request.method', 'Verb of http', undefined],
  ['user_agent.bot.name', 'bot', undefined],
  ['mcp.client.name', 'MCP client', undefined],
  ['http.request.method', 'Plan', 'dimension-name'],
  ['app.plan', 'http status', 'dimension-name'],
  ['app.plan', 'Area.', 'dimension-name'],
])('%s in a dimension that is called %s', async (attribute, name, code) => {
  const { fields } = await diagnose(
    { answer: dimensions({ idcustomdimension: '1', name, scope: 'action', active: true }) },
    { MATOMO_DIMENSIONS: `1=${attribute}`, MATOMO_MAX_CUSTOM_VARIABLES: '0' },
  );
  expect(fields).toMatchObject([code === undefined ? { verdict: 'ok' } : { code }]);
  expect(fields[0]?.found).toContain(`"${name}"`);
  expect(fields[0]?.found).toContain(attribute);
});

test('without custom variables and dimensions doctor reports nothing about them', async () => {
  const { fields } = await diagnose(
    { answer: plugin('CustomVariables', false) },
    { MATOMO_MAX_CUSTOM_VARIABLES: '0' },
  );
  expect(fields).toEqual([]);
});

test('QueuedTracking is reported with the fix', async () => {
  const { about } = await diagnose({ answer: plugin('QueuedTracking', true) });
  expect(about('queue')).toMatchObject([
    { verdict: 'warning', code: 'queued-tracking', advice: expect.stringContaining('queue') },
  ]);
});

test.each<[string, MatomoApiOptions, Record<string, string>, ApiRole]>([
  ['a token without access', {}, {}, 'noaccess'],
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

test('a Matomo that is too old is named', async () => {
  const answer = ({ method }: ApiCall) =>
    method === 'API.getMatomoVersion' ? { value: '4.16.1' } : undefined;
  const { about } = await diagnose({ answer });
  expect(about('matomo')).toContainEqual(
    expect.objectContaining({ verdict: 'warning', code: 'matomo-too-old' }),
  );
});
