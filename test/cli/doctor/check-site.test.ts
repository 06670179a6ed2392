import { expect, test } from 'vitest';
import { checkFields } from '../../../src/cli/doctor/check-site.js';
import type { MatomoSite } from '../../../src/cli/matomo-site.js';
import type { ResolvedOptions } from '../../../src/options/option-table.js';
import { checkWithApi, runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import {
  type ApiCall,
  answering,
  type MatomoApiOptions,
  tokenOf,
} from '../../support/matomo-api.js';
import { optionsFrom } from '../../support/options-from.js';

const STATUS_AND_METHOD = {
  MATOMO_DIMENSIONS: '1=http.request.method,2=http.response.status_code',
};

async function diagnose(api: MatomoApiOptions, env: Record<string, string> = {}, sends = false) {
  const slots = answering('CustomDimensions.getAvailableScopes', []); // only `setup` needs them
  const answer = (call: ApiCall) => api.answer?.(call) ?? slots(call);
  const diagnosis = await checkWithApi({ ...api, answer }, { env, sends });
  expect(diagnosis.matomo.unrecorded).toEqual([]);
  return { ...diagnosis, fields: diagnosis.about('fields') };
}

test('with custom variables and dimensions all is well, asked once', async () => {
  const { code, fields, matomo, about } = await diagnose({}, STATUS_AND_METHOD);
  const dimensions = / 1 has .*\b1 "http method" \(http\.request\.method\), 2 "http status"/;
  expect(fields).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('CustomVariables') },
    { verdict: 'ok', found: expect.stringMatching(dimensions) },
  ]);
  expect(code).toBe(0);
  expect(matomo.requests).toHaveLength(1);
  expect(about('storing').at(-1)?.found).not.toMatch(/custom/i);
});

/** Findings about the fields of site 1 with these plugins and dimensions. */
function check(
  env: Record<string, string>,
  plugins: MatomoSite['plugins'],
  ...dimensions: object[]
) {
  const all = { plugins: { CustomVariables: true, ...plugins }, dimensions } as MatomoSite;
  const findings = checkFields(optionsFrom(env).options as ResolvedOptions, all);
  return findings.flatMap(({ verdict, code, found, advice }) =>
    verdict === 'ok' ? [] : `${verdict} ${code}: ${found} → ${advice}`,
  );
}

const ACTION = { id: 1, name: 'Route', scope: 'action', isActive: true };
const VARIABLES_OFF = { CustomVariables: false };
const SETUP = 'opentelemetry-matomo setup';

test.each<[string, MatomoSite['plugins'], object[], RegExp?]>([
  ['', VARIABLES_OFF, [], RegExp(`CustomVariables.* → .*${SETUP}.*MATOMO_DIM.*_VARIABLES=0`)],
  ['1=http.route', { CustomDimensions: false }, [], /CustomDimensions.* → Activate/],
  ['1=http.route', {}, [], RegExp(`\\b1\\b.* → Run npx ${SETUP}\\b(?! --)`)],
  ['1=http.route', {}, [{ ...ACTION, isActive: false }], /1\b.*inactive.* → Activate dimension 1/],
  ['1=http.route', {}, [{ ...ACTION, scope: 'visit' }], /1\b.*visit.* → .*action dimension/],
  ['9=app.plan', {}, [], /→ (?!.*npx )/], // setup does not create it
])(
  'with dimensions %j and settings %o, %j, it is reported what is dropped',
  (MATOMO_DIMENSIONS, settings, dimensions, text) => {
    expect(check({ MATOMO_DIMENSIONS }, settings, ...dimensions)).toEqual([
      expect.stringMatching(RegExp(`^warning fields-dropped: .*${text?.source}`)),
    ]);
  },
);

test('without custom variables and dimensions doctor reports nothing about them', () => {
  expect(check({ MATOMO_MAX_CUSTOM_VARIABLES: '0' }, VARIABLES_OFF)).toEqual([]);
  expect(check({ MATOMO_PAGE_VIEWS: 'false' }, VARIABLES_OFF)).toEqual([]);
});

test('Matomo may say with a text that a plugin is not active', async () => {
  const { fields } = await diagnose({ answer: answering('CustomVariables', { value: '0' }) });
  expect(fields).toMatchObject([{ code: 'fields-dropped' }]);
});

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
  const { fields, output } = await diagnose(api, env);
  expect(fields.map(({ verdict }) => verdict)).toEqual([...known, 'unknown']);
  expect(output).not.toContain(tokenOf('write'));
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
