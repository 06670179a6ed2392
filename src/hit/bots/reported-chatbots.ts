import { AI_CHATBOTS, createFindAiChatbot, type FindAiChatbot } from './ai-chatbots.js';

/** Later versions have added the others. */
const SINCE_5_8 = AI_CHATBOTS.slice(0, 6);

/** The names of AI chatbots that versions of Matomo report. Versions between two of them are like the older one. */
const REPORTED = {
  '5.6': [],
  '5.7': [...SINCE_5_8, 'Devin'],
  '5.8': SINCE_5_8,
  '5.12': SINCE_5_8,
  '6': AI_CHATBOTS,
  newest: AI_CHATBOTS,
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A version of Matomo that treats hits differently from the version before. */
export type MatomoVersion = keyof typeof REPORTED;

export const MATOMO_VERSIONS = Object.keys(REPORTED) as MatomoVersion[];

/** Names that Matomo reports under another name. */
const REPORTED_AS: Readonly<Record<string, string>> = {
  'Google-GeminiNotebook': 'Google-NotebookLM',
};

/** Makes a function that finds the name under which a version of Matomo reports a user agent. */
export function createFindReported(version: MatomoVersion): FindAiChatbot {
  const find = createFindAiChatbot(REPORTED[version]);
  return (userAgent) => {
    const name = find(userAgent);
    return name === undefined ? undefined : (REPORTED_AS[name] ?? name);
  };
}
