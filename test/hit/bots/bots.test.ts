import { describe, expect, test } from 'vitest';
import {
  AI_CHATBOTS,
  CRAWLERS,
  createFindAiChatbot,
  findAiChatbot,
  findBotName,
} from '../../../src/hit/bots/bots.js';

const PEOPLE = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/480.0]',
  'curl/8.5.0',
  'my-service/1.2',
  '',
];

describe('findAiChatbot', () => {
  test.each([
    ['Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot', 'ChatGPT-User'],
    [
      'Mozilla/5.0 (compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots)',
      'MistralAI-User',
    ],
    [
      'Mozilla/5.0 (compatible; Gemini-Deep-Research; +https://gemini.google/)',
      'Gemini-Deep-Research',
    ],
    ['Claude-User/1.0; +Claude-User@anthropic.com', 'Claude-User'],
    ['claude-user/1.0', 'Claude-User'],
    ['Perplexity-User/1.0', 'Perplexity-User'],
    ['Google-NotebookLM', 'Google-NotebookLM'],
    ['Chrome/137.0 (compatible; Google-GeminiNotebook; +https://a.test)', 'Google-GeminiNotebook'],
    ['DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)', 'DuckAssistBot'],
    ['MyCrawler/1.0 (like ChatGPT-User)', 'ChatGPT-User'],
    ['Claude-User ChatGPT-User', 'ChatGPT-User'],
  ])('%s is %s', (userAgent, name) => {
    expect(findAiChatbot(userAgent)).toBe(name);
    expect(AI_CHATBOTS).toContain(name);
  });

  test.each([
    ...PEOPLE,
    'ChatGPT User/1.0',
    'ChatGPT-Use',
    'GPTBot/1.2',
    'ClaudeBot/1.0',
    'Devin/1.0',
    'Googlebot/2.1',
  ])('%s is none', (userAgent) => {
    expect(findAiChatbot(userAgent)).toBeUndefined();
  });

  test('finds names of a list of its own, as they are in it', () => {
    const find = createFindAiChatbot(['Devin', 'ChatGPT-User']);
    expect(find('devin/1.0')).toBe('Devin');
    expect(find('Claude-User')).toBeUndefined();
    expect(createFindAiChatbot(['a.b', '(c', 'd|e'])('x (C')).toBe('(c');
    expect(createFindAiChatbot(['a.b', 'd|e'])('axb d e')).toBeUndefined();
    expect(createFindAiChatbot([])('ChatGPT-User')).toBeUndefined();
  });
});

describe('findBotName', () => {
  test('knows at least 30 crawlers, each once', () => {
    expect(CRAWLERS.length).toBeGreaterThanOrEqual(30);
    expect(new Set(CRAWLERS.map((name) => name.toLowerCase())).size).toBe(CRAWLERS.length);
  });

  test.each(CRAWLERS)('finds %s, whatever its case', (name) => {
    expect(findBotName(`Mozilla/5.0 (compatible; ${name}/1.0; +https://a.test)`)).toBe(name);
    expect(findBotName(name.toUpperCase())).toBe(name);
    expect(findBotName(`x${name}x`)).not.toBe(name);
  });

  test.each([
    [
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot',
      'GPTBot',
    ],
    [
      'Mozilla/5.0 AppleWebKit/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/129.0 Safari/537.36',
      'Googlebot',
    ],
    ['Googlebot-Image/1.0', 'Googlebot-Image'],
    ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 'bingbot'],
    [
      'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
      'facebookexternalhit',
    ],
    ['Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)', 'Slackbot'],
    ['Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)', 'Sogou web spider'],
    [
      'Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)',
      'archive.org_bot',
    ],
    ['Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot', 'ChatGPT-User'],
  ])('%s is %s', (userAgent, name) => {
    expect(findBotName(userAgent)).toBe(name);
  });

  test.each([...PEOPLE, 'UnknownBot/1.0', 'archiveXorg_bot', 'bingbots', 'Twitterbot2'])(
    '%s has none',
    (userAgent) => {
      expect(findBotName(userAgent)).toBeUndefined();
    },
  );
});
