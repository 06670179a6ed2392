import { expect, test } from 'vitest';
import { checkFields, checkReports } from '../../../src/cli/doctor/check-site.js';
import type { SiteSettings } from '../../../src/cli/doctor/questions.js';
import { toDimension } from '../../../src/cli/matomo-api.js';
import type { ResolvedOptions } from '../../../src/options/option-table.js';
import { checkWithApi, runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import {
  type ApiCall,
  type ApiRole,
  answering,
  type MatomoApiOptions,
  startMatomoApi,
  tokenOf,
} from '../../support/matomo-api.js';
import { optionsFrom } from '../../support/options-from.js';

const STATUS_AND_METHOD = {
  MATOMO_DIMENSIONS: '1=http.request.method,2=http.response.status_code',
};

async function diagnose(api: MatomoApiOptions, env: Record<string, string> = {}, sends = false) {
  const diagnosis = await checkWithApi(api, { env, sends });
  expect(diagnosis.matomo.unrecorded).toEqual([]);
  return { ...diagnosis, fields: diagnosis.about('fields') };
}

test('with custom variables and dimensions all is well, asked once', async () => {
  const { code, fields, matomo, about } = await diagnose({}, STATUS_AND_METHOD);
  const dimensions = / 1 has .*\b1 "http method" \(http\.request\.method\), 2 "http status"/;
  expect(fields).toEqual([
    { check: 'fields', verdict: 'ok', found: expect.stringContaining('CustomVariables') },
    { check: 'fields', verdict: 'ok', found: expect.stringMatching(dimensions) },
  ]);
  expect(code).toBe(0);
  expect(matomo.requests).toHaveLength(2); // settings, and reports
  expect(about('storing').at(-1)?.found).not.toMatch(/custom/i);
});

/** Findings about the fields of site 1 with these settings. */
function check(env: Record<string, string>, settings: Partial<SiteSettings>, ...sites: object[]) {
  const dimensions = sites.map((one) => toDimension({ ...one }));
  const all = { hasCustomVariables: true, hasCustomDimensions: true, dimensions, ...settings };
  const { findings } = checkFields(
    optionsFrom(env).options as ResolvedOptions,
    all as SiteSettings,
  );
  return findings.flatMap(({ verdict, code, found, advice }) =>
    verdict === 'ok' ? [] : `${verdict} ${code}: ${found} → ${advice}`,
  );
}

const ACTION = { idcustomdimension: '1', name: 'Route', scope: 'action', active: true };
const VARIABLES_OFF = { hasCustomVariables: false };
const SETUP = 'opentelemetry-matomo setup';

test.each<[string, Partial<SiteSettings>, object[], RegExp?]>([
  ['', VARIABLES_OFF, [], RegExp(`CustomVariables.* → .*${SETUP}.*MATOMO_DIM.*_VARIABLES=0`)],
  ['1=http.route', { hasCustomDimensions: false }, [], /CustomDimensions.* → Activate/],
  ['1=http.route', {}, [], RegExp(`\\b1\\b.* → Run npx ${SETUP}\\b(?! --)`)],
  [
    '1=http.route',
    {},
    [{ ...ACTION, active: false }],
    RegExp(`1\\b.*inactive.* → .*npx ${SETUP}\\b`),
  ],
  [
    '1=http.route',
    {},
    [{ ...ACTION, scope: 'visit' }],
    /\b1\b.*scope visit.* → .*action dimension/,
  ],
  ['9=app.plan', {}, [], /→ (?!.*npx )/], // setup does not create it
  ['9=user_agent.name', {}, [], RegExp(` → .*npx ${SETUP} --consumers\\b`)],
])(
  'with dimensions %j and settings %o, %j, it is reported what is dropped',
  (MATOMO_DIMENSIONS, settings, dimensions, text) => {
    expect(check({ MATOMO_DIMENSIONS }, settings, ...dimensions)).toEqual([
      expect.stringMatching(RegExp(`^warning fields-dropped: .*${text?.source}`)),
    ]);
  },
);

test.each([
  ['http.request.method', 'Verb of http', undefined],
  ['user_agent.name', 'client', undefined],
  ['http.request.method', 'Plan', 'dimension-name'],
  ['app.plan', 'Area.', 'dimension-name'],
])('%s in a dimension that is called %s', (attribute, name, code) => {
  const found = expect.stringMatching(RegExp(`^warning ${code}: .*"${name}".*${attribute}`));
  const findings = check({ MATOMO_DIMENSIONS: `1=${attribute}` }, {}, { ...ACTION, name });
  expect(findings).toEqual(code ? [found] : []);
});

test('without custom variables and dimensions doctor reports nothing about them', () => {
  expect(check({ MATOMO_MAX_CUSTOM_VARIABLES: '0' }, VARIABLES_OFF)).toEqual([]);
  expect(check({ MATOMO_PAGE_VIEWS: 'false' }, VARIABLES_OFF)).toEqual([]);
});

test.each([
  ['1', []],
  ['0', ['fields-dropped']],
])('a plugin is active or not if Matomo says so with %j', async (value, codes) => {
  const { fields } = await diagnose({ answer: answering('CustomVariables', { value }) });
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
  const queued = await diagnose({ answer: answering('QueuedTracking', { value: true }) });
  const advice = expect.stringContaining('queue');
  expect(queued.about('queue')).toMatchObject([{ code: 'queued-tracking', advice }]);
  const old = await diagnose({ answer: answering('API.getMatomoVersion', { value: '4.16.1' }) });
  expect(old.about('matomo')).toMatchObject([
    { verdict: 'ok' },
    { verdict: 'warning', code: 'matomo-too-old' },
  ]);
});

/** The API tells about variables only. */
const oneOfTwo = ({ method, params }: ApiCall) => {
  if (method.startsWith('CustomDimensions.')) return { result: 'error', message: 'no access' };
  return params.pluginName === 'CustomVariables' ? { value: false } : undefined;
};

test.each<[string, MatomoApiOptions, Record<string, string>, known: string[]]>([
  ['dimensions', { answer: oneOfTwo }, STATUS_AND_METHOD, ['warning']],
  ['an address that is locked out', { isLocked: true }, {}, []],
  ['no token', {}, { MATOMO_TOKEN_AUTH: '' }, []],
])('%s: what is not known is a question mark, never all well', async (_what, api, env, known) => {
  const asked = await diagnose(api, env);
  expect(asked.fields.map(({ verdict }) => verdict)).toEqual(known);
  const found = expect.stringMatching(/custom/i);
  expect(asked.about('storing').at(-1)).toMatchObject({ verdict: 'unknown', found });
  const sent = await diagnose(api, env, true);
  expect(sent.fields.map(({ verdict }) => verdict)).toEqual([...known, 'unknown']);
  expect(sent.output).not.toContain(tokenOf('write'));
});

test('if the tracker answers and the API does not, the cause is a question mark', async () => {
  const { wire, env } = await matomoOnWire();
  const where = (body: string) => body.startsWith('urls');
  await wire.play({ kind: 'answer', where, status: '403 Forbidden' });
  const { about, code } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: 'a-token' });
  const found = expect.stringMatching(/index\.php.* 403/);
  const advice = expect.stringContaining('POST to index.php');
  expect(about('matomo')).toMatchObject([{ verdict: 'ok' }, { verdict: 'unknown', found, advice }]);
  expect(code).toBe(0);
});

/** Site 4 was recorded with the goals 1, 2, 3. Matomo rejects conversions of others. */
test.each<[goals: number[], role: ApiRole, exit: number, finding: object, found: RegExp]>([
  [
    [2, 7, 9],
    'write',
    1,
    { verdict: 'problem', code: 'hits-invalid' },
    /\b4\b.*\b1, 2, 3\b.*\b7, 9\b/,
  ],
  [[3], 'write', 0, { verdict: 'ok' }, /\b4\b.*\b3\b/],
  [[3], 'noaccess', 1, { verdict: 'unknown' }, /\b4\b/],
])('goals %j with the token of role %s', async (goals, role, exit, finding, found) => {
  // The access of each role was recorded before there was a site 4.
  const answer = ({ method }: ApiCall) =>
    role === 'write' && method === 'SitesManager.getSitesIdWithWriteAccess' ? [4] : undefined;
  const env = { MATOMO_SITE_ID: '4' };
  const { about, code } = await checkWithApi({ answer }, { role, env, goals });
  expect(about('goals')).toMatchObject([{ ...finding, found: expect.stringMatching(found) }]);
  expect(code).toBe(exit);
});

test.each<[string, Record<string, string>, string[]]>([
  ['the proxy is unusable', { MATOMO_SITE_ID: '4', HTTP_PROXY: 'proxy.test:3128' }, ['4']],
  ['nobody answers', { MATOMO_SITE_ID: 'a=4,b=5' }, ['4', '5']],
])('%s: goals are a question mark for each site', async (_what, env, sites) => {
  const { about } = await runChecks({ MATOMO_URL: 'http://127.0.0.1:1', ...env }, { goals: [3] });
  expect(about('goals')).toMatchObject(
    sites.map((site) => ({
      verdict: 'unknown',
      found: expect.stringMatching(new RegExp(`\\b${site}\\b`)),
    })),
  );
});

function checkAt(url: string, siteId: number, role: ApiRole = 'write') {
  const { options } = optionsFrom({}, { url, siteId, tokenAuth: tokenOf(role) });
  return checkReports(options as ResolvedOptions);
}

async function reportsOf(
  siteId: number,
  answer: (call: ApiCall) => unknown = () => undefined,
  role: ApiRole = 'super',
) {
  const matomo = await startMatomoApi({ answer });
  const findings = await checkAt(matomo.url, siteId, role);
  expect(matomo.unrecorded).toEqual([]);
  return findings;
}

test('a report of which more than a tenth is "Others" is reported, and orders of a site without e-commerce', async () => {
  const [pages, titles, orders, ...rest] = await reportsOf(4);
  expect(pages).toMatchObject({ verdict: 'warning', code: 'report-others' });
  expect(pages?.found).toContain('50 %');
  expect(pages?.advice).toContain('MATOMO_URL_PATHS=template');
  expect(pages?.advice).toMatch(/\bdatatable_archiving_maximum_rows_subtable_actions = \d/);
  expect(titles).toMatchObject({ verdict: 'ok', found: expect.stringContaining('1 %') });
  expect(orders).toMatchObject({ verdict: 'warning', code: 'no-ecommerce' });
  expect(orders?.found).toContain('2 orders');
  expect(rest).toEqual([]);
});

test('a site with e-commerce may have orders', async () => {
  const site = { idsite: 4, ecommerce: 1 };
  const findings = await reportsOf(4, answering('SitesManager.getSiteFromId', site));
  expect(findings.map(({ code }) => code)).toEqual(['report-others', undefined]);
});

test('reports without rows, and a server that does not answer, are question marks', async () => {
  expect(await reportsOf(1)).toMatchObject([{ verdict: 'unknown' }]);
  expect(await reportsOf(1, undefined, 'noaccess')).toMatchObject([{ verdict: 'unknown' }]);
  const found = expect.stringMatching(/\b1\b.*ECONNREFUSED/);
  expect(await checkAt('http://127.0.0.1:1', 1)).toMatchObject([{ verdict: 'unknown', found }]);
});

test.each([
  [10, 'ok'],
  [11, 'warning'],
])('%d of 100 hits in "Others": %s', async (hits, verdict) => {
  const rows = [
    { label: '/a', nb_hits: 100 - hits },
    { label: 'Others', nb_hits: hits, is_summary: '1' },
  ];
  const [pages] = await reportsOf(1, answering('Actions.getPageUrls', rows));
  expect(pages?.verdict).toBe(verdict);
});
