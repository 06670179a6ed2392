import { expect, test } from 'vitest';
import { checkBotTracking } from '../../../src/cli/doctor/check-dropped.js';
import { checkWithApi } from '../../support/cli.js';
import { answering } from '../../support/matomo-api.js';

test.each<[version: string | undefined, isActive: boolean, options: object, string[]]>([
  ['5.2.0-b5', false, {}, []], // They are visits.
  ['5.7.0', false, {}, ['warning']],
  ['6.0.0-b1', false, { pageViews: false }, ['problem']],
  ['5.12.1', false, { aiChatbots: 'off' }, []],
  [undefined, false, {}, []],
])(
  'Matomo %s, BotTracking active: %s, and options %o: %j',
  (version, isActive, options, verdicts) => {
    const plugins = { BotTracking: isActive };
    const all = { aiChatbots: 'separate', pageViews: true, ...options } as const;
    const findings = checkBotTracking(all, { version, plugins });
    expect(findings.map(({ verdict }) => verdict)).toEqual(verdicts);
    for (const { code, found, advice } of findings) {
      expect([code, found]).toEqual(['silently-dropped', expect.stringContaining('BotTracking')]);
      expect(advice).toMatch(/Activate.*MATOMO_AI_CHATBOTS=off/);
    }
  },
);

/** Runs doctor against a tracker that drops hits, and an API that says whether the plugin is active. */
async function diagnose(
  pattern: RegExp | undefined,
  { isActive = true, env = {} }: { isActive?: boolean; env?: Record<string, string> } = {},
) {
  const answer = answering('TrackingSpamPrevention', { value: isActive });
  const drops = (hit: URLSearchParams) => pattern?.test(`${hit}`) ?? false;
  const diagnosis = await checkWithApi({ answer }, { inspector: { drops }, env });
  return { ...diagnosis, dropped: diagnosis.about('dropped'), hits: diagnosis.hits() };
}

const CLOUDS = /HeadlessChrome|cip=(?!192|5\.)/;
const [BLOCKS, MODE] = ['block_clouds = 0', 'cloud_blocking_mode = "off"'];

test.each([
  [CLOUDS, 'AWS, Azure, headless browsers and counts', `${BLOCKS}, ${MODE}, block_headless = 0`],
  [/python-requests|cip=5\./, 'hosters, client libraries', `${MODE}, blockServerSideLibraries = 0`],
])(
  'what a Matomo drops with %o is found, with the lines that keep it, and nothing is stored',
  async (pattern, what, lines) => {
    const { code, hits, dropped, about } = await diagnose(pattern);
    const found = expect.stringContaining(what);
    const keeps = `set ${lines} in the section [TrackingSpamPrevention]`;
    const advice = expect.stringContaining(keeps);
    expect(dropped).toMatchObject([
      { verdict: 'warning', code: 'silently-dropped', found, advice },
    ]);
    expect(about('storing')[0]?.verdict).toBe('ok');
    expect(hits.filter(({ stored }) => stored !== null)).toEqual([]);
    expect(code).toBe(0);
  },
);

test('a plugin that drops nothing is fine, one that is off is not asked about, and AI chatbots are not filtered', async () => {
  const active = await diagnose(undefined);
  expect(active.dropped).toMatchObject([{ verdict: 'ok' }]);
  const off = await diagnose(CLOUDS, { isActive: false });
  expect(off.dropped).toEqual([]);
  expect(active.hits.length - off.hits.length).toBe(5);
  expect((await diagnose(CLOUDS, { env: { MATOMO_PAGE_VIEWS: 'false' } })).dropped).toEqual([]);
});

test('without a token, clients are probed and addresses are not; a server in a cloud is told of the plugin', async () => {
  const env = { MATOMO_TOKEN_AUTH: '' };
  const { dropped, matomo } = await diagnose(CLOUDS, { env });
  const found = expect.stringMatching(/hits of headless browsers and counts/);
  expect(dropped).toMatchObject([{ verdict: 'warning', found }]);
  expect(matomo.calls).toEqual([]);
  const cloud = await diagnose(/./, { env });
  const advice = expect.stringContaining('plugin TrackingSpamPrevention');
  expect(cloud.about('storing')).toMatchObject([{ code: 'silently-dropped', advice }]);
  expect(cloud.dropped).toEqual([]);
});
