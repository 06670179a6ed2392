import { expect, test } from 'vitest';
import { checkAiChatbots } from '../../../src/cli/doctor/check-dropped.js';
import { AI_CHATBOTS } from '../../../src/hit/bots/bots.js';
import { checkWithApi } from '../../support/cli.js';
import type { ApiCall } from '../../support/matomo-api.js';

const OPTIONS = {
  aiChatbots: 'separate' as 'separate' | 'off',
  aiChatbotUserAgents: AI_CHATBOTS,
  pageViews: true,
};
const ONLY_CHATBOTS = { pageViews: false };
const UNKNOWN = ['Google-GeminiNotebook', 'DuckAssistBot'];

const named = (...aiChatbotUserAgents: string[]) => ({ aiChatbotUserAgents });

test.each<
  [string, boolean, Partial<typeof OPTIONS>, verdict: string | undefined, texts?: string[]]
>([
  ['5.2.0-b5', true, {}, 'warning', ['5.2.0-b5', 'visits']],
  ['5.2.0-b5', true, ONLY_CHATBOTS, 'problem', ['5.2.0-b5']],
  ['5.12.1', false, {}, 'warning', ['Activate', 'MATOMO_AI_CHATBOTS=off']],
  ['5.12.1', false, ONLY_CHATBOTS, 'problem', ['Activate']],
  ['5.12.1', false, { aiChatbots: 'off' }, undefined],
  ['5.7.0', true, named('Devin', 'ChatGPT-User'), 'ok'],
  ['5.8.0', true, named('Devin', 'ChatGPT-User'), 'warning', ['Devin', 'this name']],
  ['5.12.3', true, {}, 'warning', [...UNKNOWN, 'these names']],
  ['5.13.0', true, {}, 'unknown', UNKNOWN],
  ['6.0.0-b1', true, named(...AI_CHATBOTS, 'Mine'), 'unknown', ['Mine']],
  ['6.0.0', true, named(...AI_CHATBOTS.slice(0, 6)), 'ok'],
  ['5.10.2', true, named('chatgpt-user'), 'ok', ['5.10.2', ' 1 ']],
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

/** Runs doctor against a Matomo of that version, with or without the plugin. */
async function diagnose(
  { version = '5.12.1' as unknown, botTracking = true as unknown } = {},
  env: Record<string, string> = {},
) {
  const answer = ({ method, params }: ApiCall) => {
    if (method === 'API.getMatomoVersion') return { value: version };
    return params.pluginName === 'BotTracking' ? { value: botTracking } : undefined;
  };
  return checkWithApi({ answer }, { env });
}

test.each<[Parameters<typeof diagnose>[0], Record<string, string>]>([
  [{}, { MATOMO_TOKEN_AUTH: '' }],
  [{ version: 'newest' }, {}],
  [{ version: 5.12 }, {}],
  [{ botTracking: 'yes' }, {}],
])('a Matomo with %o and the environment %o: a question mark', async (matomo, env) => {
  const { about } = await diagnose(matomo, env);
  expect(about('chatbots')).toMatchObject([{ verdict: 'unknown' }]);
});

test('with pageViews: false no token is asked for, and none is missed', async () => {
  const env = { MATOMO_TOKEN_AUTH: '', MATOMO_PAGE_VIEWS: 'false' };
  const { about, code } = await diagnose({}, env);
  expect(about('token')).toMatchObject([{ verdict: 'ok' }]);
  expect(about('storing').at(-1)?.found).not.toContain('custom variables');
  expect(code).toBe(0);
});
