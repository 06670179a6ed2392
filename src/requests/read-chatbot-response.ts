import type { Attributes } from '@opentelemetry/api';
import type { ChatbotResponse } from '../hit/http-request.js';
import { createIsAiChatbot } from '../hit/is-ai-chatbot.js';
import { hasBody, readBodySize, toSize } from '../hit/response-size.js';
import { type FinishedSpan, textOf } from './finished-span.js';
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
    contentType: response ? contentTypeOf(response) : contentTypeIn(attributes),
    bodyBytes: hasBody(request.method, request.statusCode) ? size : undefined,
  };
}

/** Measures responses to AI chatbots from now on, and returns what reads one; `undefined` for other clients. */
export function watchChatbotResponses(
  names: readonly string[],
): (record: EndedRecord, span: FinishedSpan) => ChatbotResponse | undefined {
  const isAiChatbot = createIsAiChatbot(names);
  measureResponses(isAiChatbot);
  return (record, span) => {
    const { userAgent } = record.request;
    const isRead = userAgent !== undefined && isAiChatbot(userAgent);
    return isRead ? readChatbotResponse(record, span) : undefined;
  };
}

function contentTypeIn(attributes: Attributes): string | undefined {
  const value =
    attributes['http.response.header.content-type'] ??
    attributes['http.response.header.content_type'];
  return textOf(Array.isArray(value) ? value[0] : value);
}
