import { AI_CHATBOTS, createFindAiChatbot } from '../../hit/ai-chatbots.js';
import { wrongOption } from '../../options/wrong-option.js';

/** What one version of Matomo makes of hits by AI chatbots. */
export interface ChatbotRules {
  /** Whether it reads `recMode` at all. */
  readonly readsRecMode: boolean;
  /** Whether it removes campaign parameters and fragments from the URL of a page, and cuts it. */
  readonly cleansUrls: boolean;
  /** The name under which it reports a user agent, if it knows it. */
  readonly findName: (userAgent: string) => string | undefined;
}

/** Names that a later version knows by another one. */
const STORED_AS: Readonly<Record<string, string>> = {
  'Google-GeminiNotebook': 'Google-NotebookLM',
};
const SINCE_5_8 = [
  'ChatGPT-User',
  'MistralAI-User',
  'Gemini-Deep-Research',
  'Claude-User',
  'Perplexity-User',
  'Google-NotebookLM',
];

/** A version of Matomo that treats hits by AI chatbots differently from the version before. */
export type MatomoVersion = '5.6' | '5.7' | '5.8' | '5.12' | 'newest';

const RULES: Readonly<Record<MatomoVersion, ChatbotRules>> = {
  '5.6': toRules([], { readsRecMode: false, cleansUrls: false }),
  '5.7': toRules([...SINCE_5_8, 'Devin'], { readsRecMode: true, cleansUrls: false }),
  '5.8': toRules(SINCE_5_8, { readsRecMode: true, cleansUrls: false }),
  '5.12': toRules(SINCE_5_8, { readsRecMode: true, cleansUrls: true }),
  newest: toRules(AI_CHATBOTS, { readsRecMode: true, cleansUrls: true }),
};

/** @throws TypeError if there is no such version; `name` is that of the option. */
export function toMatomoVersion(name: string, value: string): MatomoVersion {
  if (Object.hasOwn(RULES, value)) return value as MatomoVersion;
  throw wrongOption(
    `${name} must be one of ${Object.keys(RULES).join(', ')}, got ${JSON.stringify(value)}`,
  );
}

/** The rules of a version; without the plugin BotTracking it knows no names. */
export function toChatbotRules(version: MatomoVersion, botTracking: boolean): ChatbotRules {
  const rules = RULES[version];
  return botTracking ? rules : { ...rules, findName: () => undefined };
}

function toRules(names: readonly string[], rest: Omit<ChatbotRules, 'findName'>): ChatbotRules {
  const findChatbot = createFindAiChatbot(names);
  const findName = (userAgent: string): string | undefined => {
    const name = findChatbot(userAgent);
    return name === undefined ? undefined : (STORED_AS[name] ?? name);
  };
  return { ...rest, findName };
}
