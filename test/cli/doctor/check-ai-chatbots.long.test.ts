import { expect, test } from 'vitest';
import { checkAiChatbots } from '../../../src/cli/doctor/check-dropped.js';
import { AI_CHATBOTS } from '../../../src/hit/bots/bots.js';
import { checkWithApi } from '../../support/cli.js';
import type { ApiCall, ApiRole } from '../../support/matomo-api.js';

const OPTIONS = {
  aiChatbots: 'separate',
  aiChatbotUserAgents: AI_CHATBOTS,
  pageViews: true,
} as const;
const ONLY_CHATBOTS = { ...OPTIONS, pageViews: false };
const NOT_REPORTED = { code: 'chatbots-not-reported' };

test.each([
  ['an old Matomo', '5.2.0-b5', true, OPTIONS, 'warning', /5\.2\.0-b5.*visits/],
  ['an old Matomo that gets nothing else', '5.2.0-b5', true, ONLY_CHATBOTS, 'problem', /5\.2/],
  ['no plugin', '5.12.1', false, OPTIONS, 'warning', /Activate.*MATOMO_AI_CHATBOTS=off/],
  ['no plugin, and nothing else', '5.12.1', false, ONLY_CHATBOTS, 'problem', /Activate/],
] as const)(
  '%s is reported with the fix',
  (_what, version, hasBotTracking, options, verdict, text) => {
    const [finding, ...others] = checkAiChatbots(options, { version, hasBotTracking });
    expect(finding).toMatchObject({ ...NOT_REPORTED, verdict });
    expect(`${finding?.found} ${finding?.advice}`).toMatch(text);
    expect(others).toEqual([]);
  },
);

test('with aiChatbots: off doctor reports nothing about them', () => {
  const options = { ...OPTIONS, aiChatbots: 'off' } as const;
  expect(checkAiChatbots(options, { version: '5.12.1', hasBotTracking: false })).toEqual([]);
});

test.each<[version: string, names: readonly string[], verdict: string, named: string[]]>([
  ['5.7.0', ['Devin', 'ChatGPT-User'], 'ok', []],
  ['5.8.0', ['Devin', 'ChatGPT-User'], 'warning', ['Devin', 'this name']],
  ['5.8.0', AI_CHATBOTS, 'warning', ['Google-GeminiNotebook', 'DuckAssistBot', 'these names']],
  ['5.12.3', AI_CHATBOTS, 'warning', ['Google-GeminiNotebook', 'DuckAssistBot']],
  ['5.13.0', AI_CHATBOTS, 'unknown', ['Google-GeminiNotebook', 'DuckAssistBot']],
  ['6.0.0-b1', [...AI_CHATBOTS, 'Mine'], 'unknown', ['Mine']],
  ['6.0.0', AI_CHATBOTS.slice(0, 6), 'ok', []],
  ['5.10.2', ['chatgpt-user'], 'ok', ['5.10.2', ' 1 ']],
])('Matomo %s with %j: %s', (version, aiChatbotUserAgents, verdict, named) => {
  const options = { ...OPTIONS, aiChatbotUserAgents };
  const [finding, ...others] = checkAiChatbots(options, { version, hasBotTracking: true });
  expect([finding?.verdict, others]).toEqual([verdict, []]);
  for (const name of named) expect(finding?.found).toContain(name);
  expect(finding?.found).not.toContain('ChatGPT-User');
});

/** Runs doctor against a Matomo of that version, with or without the plugin. */
async function diagnose(
  { version = '5.12.1' as unknown, botTracking = true as unknown, role = 'write' as ApiRole },
  env: Record<string, string> = {},
) {
  const answer = ({ method, params }: ApiCall) => {
    if (role === 'noaccess') return undefined;
    if (method === 'API.getMatomoVersion') return { value: version };
    return params.pluginName === 'BotTracking' ? { value: botTracking } : undefined;
  };
  return checkWithApi({ answer }, { role, env });
}

test('Matomo is asked for its settings once', async () => {
  const env = { MATOMO_AI_CHATBOT_USER_AGENTS: 'ChatGPT-User,Claude-User' };
  const { about, matomo } = await diagnose({}, env);
  expect(about('chatbots')).toMatchObject([{ verdict: 'ok' }]);
  expect(matomo.requests).toHaveLength(2); // settings, and reports
});

test.each<[string, Parameters<typeof diagnose>[0], Record<string, string>]>([
  ['no token', {}, { MATOMO_TOKEN_AUTH: '' }],
  ['a token without access', { role: 'noaccess' }, {}],
  ['a version that is none', { version: 'newest' }, {}],
  ['a version that is no text', { version: 5.12 }, {}],
  ['a plugin that is neither on nor off', { botTracking: 'yes' }, {}],
])('%s: a question mark', async (_what, matomo, env) => {
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
