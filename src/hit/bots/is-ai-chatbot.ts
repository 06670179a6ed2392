import { createField } from '../field.js';
import { createFindAiChatbot } from './ai-chatbots.js';

/**
 * Looks for the names in what is sent of a user agent: Matomo does not see a name that is cut off. Not remembered, because it is
 * asked before it is known whether the caller may be tracked, and a lookup takes longer.
 */
export function createIsAiChatbot(names: readonly string[]): (userAgent: string) => boolean {
  const findAiChatbot = createFindAiChatbot(names);
  return (userAgent) => {
    if (findAiChatbot(userAgent) === undefined) return false;
    return findAiChatbot(createField('ua', userAgent)?.value ?? '') !== undefined;
  };
}
