import type { FindAiChatbot } from '../../hit/bots/ai-chatbots.js';
import { createFindReported, type MatomoVersion } from '../../hit/bots/reported-chatbots.js';

/** How a version of Matomo handles hits by AI chatbots. */
export interface ChatbotRules {
  /** Whether it reads `recMode`. */
  readonly readsRecMode: boolean;
  /** Whether it cuts the URL of a page, and removes campaign parameters and the fragment. */
  readonly cleansUrls: boolean;
  /** Whether referrers that are AI assistants have a type of their own. */
  readonly findsAssistants: boolean;
  /** The name under which it reports a user agent; `undefined` if it does not know it. */
  readonly findName: FindAiChatbot;
}

/** The rules of a version. Without the plugin BotTracking it knows no names. */
export function toChatbotRules(version: MatomoVersion, botTracking: boolean): ChatbotRules {
  const hasChatbots = version !== '5.6';
  return {
    readsRecMode: hasChatbots,
    cleansUrls: hasChatbots && version !== '5.7' && version !== '5.8',
    findsAssistants: hasChatbots,
    findName: botTracking ? createFindReported(version) : () => undefined,
  };
}
