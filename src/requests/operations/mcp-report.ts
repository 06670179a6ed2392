import { toErrorType } from '../../hit/http-request.js';
import { currentRequest } from '../captured-requests.js';
import type { Request } from '../request.js';

/** What one source says of an MCP message. Nothing of it is checked: `describeMcp` does that. */
export interface McpReport {
  /** The JSON-RPC method of the first message, such as `tools/call`. */
  method?: unknown;
  /** Whether the first message gets no response: it is a notification, or itself a response to a request of the server. */
  isUnanswered?: boolean | undefined;
  /** The name of the tool or prompt in that message. Never a URI. */
  target?: unknown;
  clientName?: unknown;
  protocolVersion?: unknown;
  session?: unknown;
  /** Whether the server has answered without an error. Only `trackMcp` sees that. */
  hasSucceeded?: boolean | undefined;
  /** Names of tools or prompts that the server has listed in its response. */
  listedNames?: readonly string[] | undefined;
}

/**
 * Adds to what is known of the HTTP request in whose async context this is called, or to `announced`: what is known already is not
 * replaced. From then on, the path is known as one of MCP. Returns the request, to report what happens later in another context;
 * `undefined` if there is none, as with stdio. Never throws.
 */
export function reportMcp(
  report: McpReport,
  announced: Request | undefined = currentRequest(),
): Request | undefined {
  if (announced)
    announced.mcp = announced.mcp ? { ...report, ...definedOf(announced.mcp) } : report;
  return announced;
}

/** The call of this request has failed: `tool_error`, or the code of a JSON-RPC error. The response may still have status 200. */
export function reportMcpFailure(
  errorType: string,
  announced: Request | undefined = currentRequest(),
): void {
  if (!announced) return;
  announced.hasFailedOperation = true;
  announced.annotationsFromCode().operationError = toErrorType(errorType);
}

function definedOf(report: McpReport): McpReport {
  return Object.fromEntries(Object.entries(report).filter(([, value]) => value !== undefined));
}
