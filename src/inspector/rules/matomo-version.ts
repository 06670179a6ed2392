import { createFindReported, type MatomoVersion } from '../../hit/bots/reported-chatbots.js';

export interface ChatbotRules extends ReturnType<typeof toChatbotRules> {}

/** How a version of Matomo handles hits by AI chatbots. Without the plugin BotTracking it knows no names. */
export function toChatbotRules(version: MatomoVersion, botTracking: boolean) {
  const hasChatbots = version !== '5.6';
  return {
    readsRecMode: hasChatbots,
    /** Whether it cuts the URL of a page, and removes campaign parameters and the fragment. */
    cleansUrls: hasChatbots && version !== '5.7' && version !== '5.8',
    /** Whether referrers that are AI assistants have a type of their own. */
    findsAssistants: hasChatbots,
    /** The name under which it reports a user agent; `undefined` if it does not know it. */
    findName: botTracking ? createFindReported(version) : () => undefined,
  };
}
