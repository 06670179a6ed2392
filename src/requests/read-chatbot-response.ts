import { createIsAiChatbot } from '../hit/bots/is-ai-chatbot.js';
import { hasBody, readBodySize, toSize } from '../hit/bots/response-size.js';
import type { ChatbotResponse } from '../hit/http-request.js';
import type { FinishedSpan } from './finished-span.js';
import { contentTypeOf, measuredSize, measureResponses } from './measure-responses.js';
import type { EndedRecord } from './request-record.js';

/** Content type and size of the response to an AI chatbot: from Node's response if there is one, else from attributes. */
export function readChatbotResponse(
  { captured, request, chatbotResponse }: EndedRecord,
  { attributes }: FinishedSpan,
): ChatbotResponse {
  if (chatbotResponse) return chatbotResponse;
  const response = captured?.response;
  const size = response ? toSize(measuredSize(response)) : readBodySize(attributes);
  return {
    contentType: contentTypeOf(response, attributes),
    bodyBytes: hasBody(request.method, request.statusCode) ? size : undefined,
  };
}

export interface ChatbotResponses {
  /** Reads the response to an AI chatbot; `undefined` for other clients. */
  read(record: EndedRecord, span: FinishedSpan): ChatbotResponse | undefined;
  /** Stops measuring. */
  stop(): void;
}

/** Measures responses to AI chatbots from now on. */
export function watchChatbotResponses(names: readonly string[]): ChatbotResponses {
  const isAiChatbot = createIsAiChatbot(names);
  const stop = measureResponses(isAiChatbot);
  return {
    read(record, span) {
      const { userAgent } = record.request;
      const isRead = userAgent !== undefined && isAiChatbot(userAgent);
      return isRead ? readChatbotResponse(record, span) : undefined;
    },
    stop,
  };
}
