import type { HttpRequest, Operation } from './http-request.js';
import { createToActionName, createToPlace, DEFAULT_TITLE } from './page/action-name.js';
import {
  createDimensions,
  type DimensionOptions,
  type SentRequest,
} from './parameters/dimensions.js';

/** A call of an MCP server over stdio, which is no HTTP request. */
export interface McpCall {
  readonly operation: Operation;
  /** Class of its error. */
  readonly errorType: string | undefined;
  readonly durationMillis: number;
}

export interface McpCallOptions extends DimensionOptions {
  /** A template, or a callback, which only requests have. */
  readonly actionName: unknown;
  readonly baseUrl?: string | undefined;
  readonly errors: 'off' | 'type' | 'crash';
}

const PATH = '/mcp';
const ORIGIN = 'http://localhost';

/** Attributes that do not need a request. */
const OF_CALLS = /^(?:gen_ai|mcp)\.|^matomo\.failed_endpoint$/;

/** Makes the parameters of a call: title, URL, duration, class of its error, dimensions. */
export function createToCallParameters(
  options: McpCallOptions,
): (call: McpCall) => Record<string, unknown> {
  const { actionName, baseUrl = ORIGIN, errors } = options;
  const toPlace = createToPlace('template');
  const toTitle = createToActionName(typeof actionName === 'string' ? actionName : DEFAULT_TITLE);
  const dimensions = Object.entries(options.dimensions).filter(([, source]) =>
    OF_CALLS.test(String(source)),
  );
  const ofCalls = createDimensions({ ...options, dimensions: Object.fromEntries(dimensions) });

  return function toCallParameters({ operation, errorType, durationMillis }) {
    const request = { ...NO_REQUEST, operation };
    const place = toPlace(request, PATH);
    const sent = { request } as SentRequest; // dimensions of calls read nothing else
    return {
      action_name: toTitle(request, PATH, place),
      url: baseUrl + PATH,
      pf_srv: Math.round(durationMillis),
      ...(errorType !== undefined && errors !== 'off' && { cvar: { error_type: errorType } }),
      ...Object.fromEntries(ofCalls.map(({ name, read }) => [name, read(sent, place)])),
    };
  };
}

/** What titles and dimensions of a call read of a request. */
const NO_REQUEST: Pick<HttpRequest, 'method' | 'route' | 'host' | 'statusCode' | 'spanName'> = {
  method: 'MCP',
  route: undefined,
  host: undefined,
  statusCode: 200,
  spanName: '',
};
