import { expect, test } from 'vitest';
import { checkAiChatbots } from '../../../src/cli/doctor/check-ai-chatbots.js';
import { AI_CHATBOTS } from '../../../src/hit/bots/ai-chatbots.js';
import { runChecks } from '../../support/cli.js';
import { startMatomo } from '../../support/matomo.js';
import { type ApiCall, type ApiRole, startMatomoApi, tokenOf } from '../../support/matomo-api.js';

/** A Matomo of that version, with or without the plugin. */
const matomo =
  (version: unknown, botTracking: unknown = true) =>
  ({ method, params }: ApiCall) => {
    if (method === 'API.getMatomoVersion') return { value: version };
    return params.pluginName === 'BotTracking' ? { value: botTracking } : undefined;
  };

async function diagnose(
  answer: ((call: ApiCall) => unknown) | undefined,
  env: Record<string, string> = {},
  role: ApiRole = 'write',
) {
  const inspector = await startMatomo();
  const { url, requests } = await startMatomoApi({ tracker: inspector.url, answer });
  const token = tokenOf(role);
  const all = { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: token, ...env };
  const { code, about } = await runChecks(all);
  return { code, about, requests, chatbots: about('chatbots') };
}

test('a Matomo that reports all AI chatbots is well, and asked once', async () => {
  const names = 'ChatGPT-User,Claude-User';
  const env = { MATOMO_AI_CHATBOT_USER_AGENTS: names };
  const { chatbots, requests } = await diagnose(matomo('5.12.1'), env);
  expect(chatbots).toEqual([
    {
      check: 'chatbots',
      verdict: 'ok',
      found: expect.stringMatching(/5\.12\.1.* 2 /),
    },
  ]);
  expect(requests).toHaveLength(2); // settings, and reports
});

test('a Matomo below 5.7 is a problem if only AI chatbots are sent', async () => {
  // As recorded: 5.2.0-b5.
  const { chatbots, code } = await diagnose(undefined);
  expect(chatbots).toMatchObject([{ verdict: 'warning', code: 'chatbots-not-reported' }]);
  expect(chatbots[0]?.found).toContain('5.2.0-b5');
  expect(chatbots[0]?.advice).toContain('visits');
  expect(code).toBe(0);
  const only = await diagnose(undefined, { MATOMO_PAGE_VIEWS: 'false' });
  expect(only.chatbots).toMatchObject([{ verdict: 'problem', code: 'chatbots-not-reported' }]);
  expect(only.code).toBe(1);
});

test('the plugin BotTracking that is not active is reported with the fix', async () => {
  const { chatbots } = await diagnose(matomo('5.12.1', false));
  expect(chatbots).toMatchObject([{ verdict: 'warning', code: 'chatbots-not-reported' }]);
  expect(chatbots[0]?.advice).toMatch(/Activate.*MATOMO_AI_CHATBOTS=off/);
  const only = await diagnose(matomo('5.12.1', false), { MATOMO_PAGE_VIEWS: 'false' });
  expect(only.chatbots).toMatchObject([{ verdict: 'problem' }]);
});

test.each<[string, (call: ApiCall) => unknown, ApiRole, Record<string, string>]>([
  ['no token', matomo('5.12.1'), 'write', { MATOMO_TOKEN_AUTH: '' }],
  ['a token without access', () => undefined, 'noaccess', {}],
  ['a version that is none', matomo('newest'), 'write', {}],
  ['a version that is no text', matomo(5.12), 'write', {}],
  ['a plugin that is neither on nor off', matomo('5.12.1', 'yes'), 'write', {}],
])('%s: a question mark', async (_what, answer, role, env) => {
  const { chatbots } = await diagnose(answer, env, role);
  expect(chatbots).toMatchObject([{ verdict: 'unknown' }]);
});

test('with pageViews: false no token is asked for, and none is missed', async () => {
  const env = { MATOMO_TOKEN_AUTH: '', MATOMO_PAGE_VIEWS: 'false' };
  const { about, code } = await diagnose(undefined, env);
  expect(about('token')).toMatchObject([{ verdict: 'ok' }]);
  expect(about('storing').at(-1)?.found).not.toContain('custom variables');
  expect(code).toBe(0);
});

test('with aiChatbots: off doctor reports nothing about them', async () => {
  const { chatbots } = await diagnose(matomo('5.12.1', false), { MATOMO_AI_CHATBOTS: 'off' });
  expect(chatbots).toEqual([]);
});

test.each<[version: string, names: readonly string[], verdict: string, named: string[]]>([
  ['5.7.0', ['Devin', 'ChatGPT-User'], 'ok', []],
  ['5.8.0', ['Devin', 'ChatGPT-User'], 'warning', ['Devin']],
  ['5.8.0', AI_CHATBOTS, 'warning', ['Google-GeminiNotebook', 'DuckAssistBot']],
  ['5.12.3', AI_CHATBOTS, 'warning', ['Google-GeminiNotebook', 'DuckAssistBot']],
  ['5.13.0', AI_CHATBOTS, 'unknown', ['Google-GeminiNotebook', 'DuckAssistBot']],
  ['6.0.0-b1', [...AI_CHATBOTS, 'Mine'], 'unknown', ['Mine']],
  ['6.0.0', AI_CHATBOTS.slice(0, 6), 'ok', []],
  ['5.10.2', ['chatgpt-user'], 'ok', []],
])('Matomo %s with %j: %s', (version, aiChatbotUserAgents, verdict, named) => {
  const options = { aiChatbots: 'separate', aiChatbotUserAgents, pageViews: true } as const;
  const [finding, ...others] = checkAiChatbots(options, { version, hasBotTracking: true });
  expect([finding?.verdict, others]).toEqual([verdict, []]);
  for (const name of named) expect(finding?.found).toContain(name);
  expect(finding?.found).not.toContain('ChatGPT-User');
});
