import type { Attributes } from '@opentelemetry/api';
import type { ChatbotResponse } from '../hit/http-request.js';
import { hasBody, readBodySize, toSize } from '../hit/response-size.js';
import { type FinishedSpan, textOf } from './finished-span.js';
import { contentTypeOf, measuredSize } from './measure-responses.js';
import type { EndedRecord } from './request-record.js';

/** Content type and size of the response to an AI chatbot: from Node's response if there is one, else from attributes. */
export function readChatbotResponse(
  { captured, request }: EndedRecord,
  { attributes }: FinishedSpan,
): ChatbotResponse {
  const response = captured?.response;
  const size = response ? toSize(measuredSize(response)) : readBodySize(attributes);
  return {
    contentType: response ? contentTypeOf(response) : contentTypeIn(attributes),
    bodyBytes: hasBody(request.method, request.statusCode) ? size : undefined,
  };
}

function contentTypeIn(attributes: Attributes): string | undefined {
  const value =
    attributes['http.response.header.content-type'] ??
    attributes['http.response.header.content_type'];
  return textOf(Array.isArray(value) ? value[0] : value);
}
