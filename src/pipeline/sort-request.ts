import { createIsAiChatbot, readsContent } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import { createFindNoPageReason, type NoPageOptions, READS } from '../hit/page-view-filter.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { EndedRequest } from '../requests/request.js';
import { readChatbotResponse } from '../requests/response.js';
import type { IgnoreReason } from './stats.js';

/** Decides between page views and requests by AI chatbots; says why a request that no filter ignores is none of both. */
export type SortRequest = (ended: EndedRequest) => IgnoreReason | undefined;

export function createSortRequest({
  aiChatbots,
  aiChatbotUserAgents,
  pageViews,
  ...options
}: Pick<ResolvedOptions, 'aiChatbots' | 'aiChatbotUserAgents' | 'pageViews'> &
  NoPageOptions): SortRequest {
  const findNoPageReason = createFindNoPageReason(options);
  const isAiChatbot = createIsAiChatbot(aiChatbots === 'off' ? [] : aiChatbotUserAgents);

  return function sortRequest(ended) {
    const { request } = ended;
    const { userAgent, client, method, statusCode, operation } = request;
    if (isAiChatbot(userAgent, client) && READS.test(method) && operation?.kind !== 'mcp') {
      const headers = { cookie: ended.header('cookie'), range: ended.header('range') };
      if (!readsContent(request, headers)) return 'ai_chatbot';
      request.chatbotResponse = readChatbotResponse(ended);
      return undefined;
    }
    const reason = findNoPageReason(request);
    if (reason !== undefined) return reason;
    if (request.isDocument && method === 'GET') {
      if (isLaterPart(statusCode, ended.header('range'))) return 'partial';
      request.isDownload = statusCode === 200 || statusCode === 206;
    }
    return pageViews ? undefined : 'page_views';
  };
}
