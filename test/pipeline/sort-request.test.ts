import { expect, test } from 'vitest';
import { Client } from '../../src/hit/visitor/client.js';
import { createSortRequest } from '../../src/pipeline/sort-request.js';
import { Request } from '../../src/requests/request.js';
import { finishedSpan, httpRequest } from '../support/builders.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';

test('what a list of AI chatbots says about a client is not taken for what another one says', () => {
  const client = new Client('x amzn-user/1', undefined);
  const isChatbot = (aiChatbotUserAgents: readonly string[]) => {
    const sort = createSortRequest({ ...DEFAULT_OPTIONS, aiChatbotUserAgents });
    const request = httpRequest({ client, userAgent: client.userAgent });
    const span = finishedSpan();
    sort(Request.of(span).end(request));
    return request.chatbotResponse !== undefined;
  };
  expect(isChatbot(['Amzn-User'])).toBe(true);
  expect(isChatbot(['Claude-User'])).toBe(false);
  expect(isChatbot(['Amzn-User'])).toBe(true);
});
