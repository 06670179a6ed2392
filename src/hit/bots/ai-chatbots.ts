import { type Field, rawField } from '../field.js';

/**
 * The AI chatbots that the newest Matomo reports, in its order: the list of `BotDetector` in Matomo's plugin BotTracking
 * (github.com/matomo-org/matomo, plugins/BotTracking/BotDetector.php, August 2026). They fetch pages because a person asked them.
 * Matomo discards names it does not know, so crawlers do not belong here. Which of their requests are sent as such: `ignore-reasons.ts`.
 * Their hits: `ai-chatbot-hit.ts`.
 */
export const AI_CHATBOTS: readonly string[] = [
  'ChatGPT-User',
  'MistralAI-User',
  'Gemini-Deep-Research',
  'Claude-User',
  'Perplexity-User',
  'Google-NotebookLM',
  'Google-GeminiNotebook',
  'DuckAssistBot',
];

/** Finds the first name that a user agent contains, in upper or lower case. */
export type FindAiChatbot = (userAgent: string) => string | undefined;

/** Makes a function that finds names. Its time is linear in the length of the user agent for each name. */
export function createFindAiChatbot(names: readonly string[]): FindAiChatbot {
  const lowerCaseNames = names.map((name) => name.toLowerCase());
  return (userAgent) => {
    const text = userAgent.toLowerCase();
    return names.find((_, i) => text.includes(lowerCaseNames[i] as string));
  };
}

/** The name of the AI chatbot in a user agent, as it is spelled in `AI_CHATBOTS`. */
export const findAiChatbot: FindAiChatbot = /* @__PURE__ */ createFindAiChatbot(AI_CHATBOTS);

/** The one agent that Matomo recognizes by its signature, with the quotes of the header. */
const CHATGPT_AGENT = '"https://chatgpt.com"';

/** The parameters of a signed request. Matomo reads them in every hit, and begins a new visit if the agent changes. */
export const AI_AGENT_FIELDS: readonly Field[] = [
  rawField('ai_s', '1'),
  rawField('ai_si', '1'),
  rawField('ai_sa', CHATGPT_AGENT),
];

/** Whether the headers are those of an AI agent. Like Matomo, checks only that they are present, not the signature. */
export function isAiAgent(header: (name: string) => string | undefined): boolean {
  return (
    header('signature-agent') === CHATGPT_AGENT &&
    header('signature-input') !== undefined &&
    header('signature') !== undefined
  );
}
