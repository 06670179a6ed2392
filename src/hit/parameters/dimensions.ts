import { type HitText, readPart } from '../hit-text.js';
import type { HttpRequest, OperationKind } from '../http-request.js';
import { FIRST_FAILED_STATUS, shownMethodOf, titleMethodOf } from '../page/title.js';

interface Source {
  readonly request: HttpRequest;
  readonly hit: HitText;
  readonly path: string;
  readonly address: string | undefined;
}

export interface DimensionOptions {
  /** Attributes by the ID of the dimension. If a function computes a dimension, its value is in the parameters of the request. */
  readonly dimensions: Readonly<Record<string, unknown>>;
}

/** Reads the value of a dimension. `place` is what titles show: the route or its replacement, and the operation. */
type ReadValue = (source: Source, place: string) => string | number | undefined;

/** The query of the URL: everything after the first `?`. Another `?` belongs to the query. */
function queryOf({ hit }: Source): string | undefined {
  const full = readPart(hit.url) ?? '';
  const mark = full.indexOf('?');
  return mark < 0 ? undefined : full.slice(mark + 1);
}

/** Has a value only for failed requests, so that the report of this dimension shows nothing but failures. */
const failedEndpoint: ReadValue = ({ request }, place) => {
  const { statusCode, operation } = request;
  const hasFailed = statusCode >= FIRST_FAILED_STATUS;
  const hasFailedCall = operation?.mcp !== undefined && operation.hasFailed;
  if (!hasFailed && !hasFailedCall) return undefined;
  const failure = hasFailed ? `${Math.floor(statusCode / 100)}xx` : 'error';
  return `${failure} ${titleMethodOf(request, place)} ${place}`;
};

/** Reads the name of an operation if the title contains it. If not, redaction removed the name from the path. */
function operationName(...kinds: readonly OperationKind[]): ReadValue {
  return function nameOf({ request: { operation } }, place) {
    if (operation?.name === undefined || !kinds.includes(operation.kind)) return undefined;
    return place.includes(operation.name) ? operation.name : undefined;
  };
}

const mcpMethod: ReadValue = ({ request: { operation } }) =>
  operation?.mcp && (operation.mcp.method ?? operation.name);

const mcpTool: ReadValue = ({ request: { operation } }) =>
  operation?.mcp?.method === 'tools/call' ? operation.name : undefined;

/**
 * Attributes that the hit knows better than the span: the status of an aborted request, a route that was set late, and values that are
 * redacted or masked before they are sent. Each is listed with its stable and its old names.
 */
const FROM_REQUEST: readonly (readonly [attributes: readonly string[], read: ReadValue])[] = [
  [['http.request.method', 'http.method'], ({ request }) => shownMethodOf(request)],
  [['http.response.status_code', 'http.status_code'], ({ request }) => request.statusCode],
  [['http.route'], ({ request }) => request.route],
  [['url.full', 'http.url'], ({ hit }) => readPart(hit.url)],
  [['http.target'], (source) => [source.path, queryOf(source)].filter(Boolean).join('?')],
  [['url.path'], ({ path }) => path],
  [['url.query'], queryOf],
  [['url.scheme', 'http.scheme'], ({ request }) => request.scheme],
  [
    [
      'client.address',
      'http.client_ip',
      'network.peer.address',
      'net.peer.ip',
      'net.sock.peer.addr',
      'peer.address',
    ],
    ({ address }) => address,
  ],
  [
    ['user_agent.original', 'http.user_agent', 'user_agent', 'http.request.header.user-agent'],
    ({ request }) => request.userAgent,
  ],
  [['http.request.header.referer'], ({ hit }) => readPart(hit.referrer)],
  [['graphql.operation.name'], operationName('graphql')],
  [['rpc.method'], operationName('action', 'json-rpc', 'trpc')],
  [['mcp.method.name'], mcpMethod],
  [['gen_ai.tool.name'], mcpTool],
  [['mcp.client.name'], ({ request }) => request.operation?.mcp?.clientName],
  [['matomo.failed_endpoint'], failedEndpoint],
];

function readerOf(attribute: unknown): ReadValue | undefined {
  return FROM_REQUEST.find(([names]) => names.includes(attribute as string))?.[1];
}

/** Whether a dimension of this attribute is read from the request instead of from the span. */
export function isFromRequest(attribute: string): boolean {
  return readerOf(attribute) !== undefined;
}

/** A dimension that is read from the request. */
export interface Dimension {
  readonly name: string;
  readonly read: ReadValue;
}

export function createDimensions({ dimensions }: DimensionOptions): Dimension[] {
  return Object.entries(dimensions).flatMap(([id, attribute]) => {
    const read = readerOf(attribute);
    return read ? [{ name: `dimension${id}`, read }] : [];
  });
}
