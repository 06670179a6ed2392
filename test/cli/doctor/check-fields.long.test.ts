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
  answering,
  type MatomoApiOptions,
  tokenOf,
} from '../../support/matomo-api.js';

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
  const required = { MATOMO_URL: 'https://matomo.test', MATOMO_SITE_ID: '1' };
  const options = resolveOptions({}, { ...required, ...env }, silentDiagnostics());
  if (!options) throw new Error('no options');
  const dimensions = sites.map((one) => toDimension({ ...one }));
  const all = { hasCustomVariables: true, hasCustomDimensions: true, dimensions, ...settings };
  const { findings } = checkFields(options, all as SiteSettings);
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
  ['9=user_agent.bot.name', {}, [], RegExp(` → .*npx ${SETUP} --bots\\b`)],
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
  ['user_agent.bot.name', 'bot', undefined],
  ['http.request.method', 'Plan', 'dimension-name'],
  ['app.plan', 'Area.', 'dimension-name'],
])('%s in a dimension that is called %s', (attribute, name, code) => {
  const found = expect.stringMatching(RegExp(`^warning ${code}: .*"${name}".*${attribute}`));
  const findings = check({ MATOMO_DIMENSIONS: `1=${attribute}` }, {}, { ...ACTION, name });
  expect(findings).toEqual(code ? [found] : []);
});

test('without custom variables and dimensions doctor reports nothing about them', () => {
  expect(check({ MATOMO_MAX_CUSTOM_VARIABLES: '0' }, VARIABLES_OFF)).toEqual([]);
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
