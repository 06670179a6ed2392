import { AI_CHATBOTS, createFindAiChatbot } from '../../hit/bots/ai-chatbots.js';
import { oneOf } from '../../options/parse-values.js';

/** How a version of Matomo handles hits by AI chatbots. */
export interface ChatbotRules {
  /** Whether it reads `recMode`. */
  readonly readsRecMode: boolean;
  /** Whether it cuts the URL of a page, and removes campaign parameters and the fragment. */
  readonly cleansUrls: boolean;
  /** Whether referrers that are AI assistants have a type of their own. */
  readonly findsAssistants: boolean;
  /** The name under which it reports a user agent; `undefined` if it does not know it. */
  readonly findName: (userAgent: string) => string | undefined;
}

/** Names that later versions report under another name. */
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

/** A version of Matomo that treats hits differently from the version before. */
export type MatomoVersion = '5.6' | '5.7' | '5.8' | '5.12' | '6' | 'newest';

const NEWEST = toRules(AI_CHATBOTS, {
  readsRecMode: true,
  cleansUrls: true,
  findsAssistants: true,
});
const RULES: Readonly<Record<MatomoVersion, ChatbotRules>> = {
  '5.6': toRules([], { readsRecMode: false, cleansUrls: false, findsAssistants: false }),
  '5.7': toRules([...SINCE_5_8, 'Devin'], {
    readsRecMode: true,
    cleansUrls: false,
    findsAssistants: true,
  }),
  '5.8': toRules(SINCE_5_8, { readsRecMode: true, cleansUrls: false, findsAssistants: true }),
  '5.12': toRules(SINCE_5_8, { readsRecMode: true, cleansUrls: true, findsAssistants: true }),
  '6': NEWEST,
  newest: NEWEST,
};

/** Checks an option. @throws OptionError naming the option */
export const toMatomoVersion: (name: string, value: unknown) => MatomoVersion = oneOf(
  '5.6',
  '5.7',
  '5.8',
  '5.12',
  '6',
  'newest',
);

/** The rules of a version. Without the plugin BotTracking it knows no names. */
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
