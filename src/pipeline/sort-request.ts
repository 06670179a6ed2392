import { createIsAiChatbot, readsContent } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import { createFindNoPageReason, type NoPageOptions, READS } from '../hit/ignore.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { readChatbotResponse } from '../requests/measure-responses.js';
import { readHeader } from '../requests/read-headers.js';
import type { EndedRequest } from '../requests/request.js';
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
  const otherwise = pageViews ? undefined : 'page_views';
  const sortPage: SortRequest = ({ request, captured, attributes }) => {
    const reason = findNoPageReason(request);
    if (reason !== undefined) return reason;
    const { method, statusCode } = request;
    if (request.isDocument && method === 'GET') {
      const range = readHeader(captured?.request?.headers, attributes, 'range');
      if (isLaterPart(statusCode, range)) return 'partial';
      request.isDownload = statusCode === 200 || statusCode === 206;
    }
    return otherwise;
  };
  if (aiChatbots === 'off') return sortPage;
  const isAiChatbot = createIsAiChatbot(aiChatbotUserAgents);

  return function sortRequest(ended) {
    const { request, captured, attributes } = ended;
    const { userAgent, client, method, operation } = request;
    if (!isAiChatbot(userAgent, client) || !READS.test(method) || operation?.kind === 'mcp')
      return sortPage(ended);
    const header = (name: string) => readHeader(captured?.request?.headers, attributes, name);
    const headers = { cookie: header('cookie'), range: header('range') };
    if (!readsContent(request, headers)) return 'ai_chatbot';
    request.chatbotResponse = readChatbotResponse(ended);
    return undefined;
  };
}
