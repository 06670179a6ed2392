import { memoize } from '../common/generation-cache.js';
import { createFindAiChatbot } from './ai-chatbots.js';
import { createField } from './field.js';

/** Looks for the names in what is sent of a user agent: Matomo does not see a name that is cut off. */
export function createIsAiChatbot(names: readonly string[]): (userAgent: string) => boolean {
  const findAiChatbot = createFindAiChatbot(names);
  return memoize(
    (userAgent: string) => findAiChatbot(createField('ua', userAgent)?.value ?? '') !== undefined,
  );
}
