import type { Attributes } from '../../src/common/otel-types.js';
import { createHitBuilder, type ToHitsOptions } from '../../src/hit/hit-builder.js';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { Client } from '../../src/hit/visitor/client.js';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import type { NamedOperation } from '../../src/request/operations.js';
import { Request } from '../../src/request/request.js';
import { DEFAULT_OPTIONS } from './default-options.js';

const NOON = Date.UTC(2026, 10, 20, 12);

export function httpRequest(overrides: Partial<HttpRequest> = {}): HttpRequest {
  const request = {
    method: 'GET',
    path: '/users/42',
    query: undefined,
    route: '/users/:id',
    host: 'shop.example.org',
    scheme: 'https',
    statusCode: 200,
    sentStatus: overrides.statusCode ?? 200,
    aborted: false,
    userAgent: 'curl/8.5.0',
    acceptLanguage: 'sv-SE',
    referrer: undefined,
    clientHints: undefined,
    address: '192.0.2.10',
    optedOut: 'no',
    spanName: 'GET /users/:id',
    startMillis: NOON,
    durationMillis: 12.4,
    annotations: [],
    site: 0,
    ...overrides,
  } as const;
  const { userAgent, acceptLanguage } = request;
  const client = userAgent === undefined ? undefined : new Client(userAgent, acceptLanguage);
  return { client, ...request };
}

export const HIT_OPTIONS: ToHitsOptions = {
  ...DEFAULT_OPTIONS,
  visitorKey: 'a key',
  hasToken: false,
};

/** Builds page views of site 1. */
export function createBuildHit(options: ToHitsOptions): (request: HttpRequest) => unknown {
  const builder = createHitBuilder(options, () => undefined);
  return (request) => builder.finalize(builder.buildPageView(request, 1, NOON), NOON);
}

let spans = 0;

/** A span as an SDK leaves it, of a request that has just begun. */
export function finishedSpan(
  overrides: Partial<FinishedSpan> & { id?: string } = {},
): FinishedSpan {
  spans += 1;
  const id = overrides.id ?? spans.toString(16).padStart(16, '0');
  return {
    name: 'GET',
    kind: 1,
    startTime: [Math.floor(Date.now() / 1000), 0],
    duration: [0, 12_400_000],
    attributes: {},
    status: { code: 0 },
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: id, traceFlags: 1 }),
    ...overrides,
  };
}

/** The SERVER span of a request that was answered with 200, unless attributes say otherwise. */
export function serverSpan(
  path = '/a',
  attributes: Attributes = {},
  overrides: Parameters<typeof finishedSpan>[0] = {},
): FinishedSpan {
  const answered = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
  const all = { ...answered, 'url.path': path, ...attributes };
  return finishedSpan({ attributes: all, ...overrides });
}

/** The same of a client whose headers are all captured. */
export function spanOfClient(
  target: string,
  headers: Readonly<Record<string, string>>,
  attributes: Attributes = {},
  overrides: Parameters<typeof finishedSpan>[0] = {},
): FinishedSpan {
  const [path, query] = target.split('?');
  const sent = {
    ...(query !== undefined && { 'url.query': query }),
    'network.peer.address': '127.0.0.1',
    'user_agent.original': headers['user-agent'],
    ...capturedHeaders(headers),
  };
  return serverSpan(path, { ...sent, ...attributes }, overrides);
}

/** An open request with a part of what Node.js announced, and attributes of its SERVER span. */
export function openRequest(
  given: {
    incoming?: object | undefined;
    attributes?: Attributes | undefined;
    spanOperation?: NamedOperation | undefined;
  } = {},
): Request {
  const { attributes, spanOperation, incoming } = given;
  const request = attributes ? Request.ofSpan(finishedSpan({ attributes })) : new Request();
  request.ensureSpanFacts().operation = spanOperation;
  return Object.assign(request, incoming && { incoming });
}

export function capturedHeaders(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`http.request.header.${name}`, [value].flat()]),
  );
}
