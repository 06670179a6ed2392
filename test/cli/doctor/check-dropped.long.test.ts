import { expect, test } from 'vitest';
import { checkAiChatbots } from '../../../src/cli/doctor/check-dropped.js';
import { checkWithApi } from '../../support/cli.js';
import { answering, type MatomoApiOptions } from '../../support/matomo-api.js';
import type { MatomoRules } from '../../support/played-matomo.js';

const OPTIONS = {
  aiChatbots: 'separate' as 'separate' | 'off',
  pageViews: true,
};
const ONLY_CHATBOTS = { pageViews: false };
const UNKNOWN = ['Google-GeminiNotebook', 'DuckAssistBot'];

test.each<
  [string, boolean, Partial<typeof OPTIONS>, verdict: string | undefined, texts?: string[]]
>([
  ['5.2.0-b5', true, {}, 'warning', ['5.2.0-b5', 'visits']],
  ['5.2.0-b5', true, ONLY_CHATBOTS, 'problem', ['5.2.0-b5']],
  ['5.12.1', false, {}, 'warning', ['Activate', 'MATOMO_AI_CHATBOTS=off']],
  ['5.12.1', false, ONLY_CHATBOTS, 'problem', ['Activate']],
  ['5.12.1', false, { aiChatbots: 'off' }, undefined],
  ['5.12.3', true, {}, 'warning', [...UNKNOWN, 'these names']],
  ['5.13.0', true, {}, 'ok', ['5.13.0']],
])(
  'Matomo %s, with the plugin: %s, and options %o: %s',
  (version, hasBotTracking, options, verdict, texts = []) => {
    const settings = { version, hasBotTracking };
    const [finding, ...others] = checkAiChatbots({ ...OPTIONS, ...options }, settings);
    expect([finding?.verdict, others]).toEqual([verdict, []]);
    const isReported = verdict === 'warning' || verdict === 'problem';
    expect(finding?.code).toBe(isReported ? 'chatbots-not-reported' : undefined);
    for (const text of texts) expect(`${finding?.found} ${finding?.advice}`).toContain(text);
    expect(String(finding?.found)).not.toContain('ChatGPT-User');
  },
);

const VERSION = answering('API.getMatomoVersion', { value: '5.12.1' });

test.each<[MatomoApiOptions['answer'], Record<string, string>]>([
  [VERSION, { MATOMO_TOKEN_AUTH: '' }],
  [answering('API.getMatomoVersion', { value: 'newest' }), {}],
  [answering('API.getMatomoVersion', { value: 5.12 }), {}],
  [(call) => VERSION(call) ?? answering('BotTracking', { value: 'yes' })(call), {}],
])('a Matomo that does not say what it reports: a question mark (%#)', async (answer, env) => {
  const { about } = await checkWithApi({ answer }, { env });
  expect(about('chatbots')).toMatchObject([{ verdict: 'unknown' }]);
});

/** Runs doctor against a tracker with the rules of the plugin, and an API that says whether the plugin is active. */
async function diagnose(
  inspector: MatomoRules,
  isActive: boolean,
  { env = {}, sends = false }: { env?: Record<string, string>; sends?: boolean } = {},
) {
  const answer = answering('TrackingSpamPrevention', { value: isActive });
  const diagnosis = await checkWithApi({ answer }, { inspector, env, sends });
  return { ...diagnosis, hits: diagnosis.hits(), spam: diagnosis.about('spam') };
}

const matching = (pattern: RegExp): MatomoRules => ({ drops: (hit) => pattern.test(`${hit}`) });
const NEW = matching(/HeadlessChrome|cip=(?!192|5\.)/);
const NO_TOKEN = { MATOMO_TOKEN_AUTH: '' };

test.each([false, true])(
  'what a new Matomo 6 drops is found, and the settings are named (--send: %s)',
  async (sends) => {
    const { code, hits, spam, about } = await diagnose(NEW, true, { sends });
    const found =
      /AWS, Azure, DigitalOcean, Google Cloud, Oracle, headless.*TrackingSpamPrevention/;
    const advice =
      'block_clouds = 0, cloud_blocking_mode = "off", block_headless = 0 in the section [TrackingSpamPrevention]';
    expect(spam).toEqual([
      {
        ...{ check: 'spam', verdict: 'warning', code: 'spam-prevention' },
        found: expect.stringMatching(found),
        advice: expect.stringContaining(advice),
      },
    ]);
    expect(about('storing')[0]?.verdict).toBe('ok');
    expect(hits.filter(({ stored }) => stored !== null)).toHaveLength(sends ? 1 : 0);
    expect(code).toBe(0);
  },
);

test('each of its other rules is found, a plugin that drops nothing is fine, and one that is off is not asked about', async () => {
  const others = await diagnose(matching(/python-requests|cip=5\./), true);
  expect(others.spam[0]?.found).toMatch(/Hetzner, client libraries/);
  const advice = 'set cloud_blocking_mode = "off", blockServerSideLibraries = 0';
  expect(others.spam[0]?.advice).toContain(advice);
  const active = await diagnose({}, true);
  const found = expect.stringContaining('is active');
  expect(active.spam).toMatchObject([{ verdict: 'ok', found }]);
  const off = await diagnose({}, false);
  expect(off.spam).toEqual([]);
  expect(active.hits.length - off.hits.length).toBe(8);
});

test('without a token, clients are probed and addresses are not; a server in a cloud is told of the plugin', async () => {
  const { spam, matomo } = await diagnose(NEW, true, { env: NO_TOKEN });
  const found = expect.stringMatching(/headless.*probably/);
  expect(spam).toMatchObject([{ verdict: 'warning', found }]);
  expect(matomo.calls).toEqual([]);
  const cloud = await diagnose({ drops: () => true }, true, { env: NO_TOKEN });
  const advice = expect.stringContaining('plugin TrackingSpamPrevention');
  expect(cloud.about('storing')).toMatchObject([{ code: 'silently-dropped', advice }]);
  expect(cloud.spam).toEqual([]);
});

test('if only AI chatbots are sent, which the plugin keeps, doctor reports nothing about it', async () => {
  const env = { MATOMO_PAGE_VIEWS: 'false' };
  expect((await diagnose(NEW, true, { env })).spam).toEqual([]);
});
