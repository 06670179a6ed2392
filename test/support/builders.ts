import type { Annotations, HttpRequest } from '../../src/hit/http-request.js';
import { createAnnotations } from '../../src/hit/http-request.js';
import { createToHit, type ToHitOptions } from '../../src/hit/to-hit.js';
import type { FinishedSpan } from '../../src/requests/finished-span.js';

/** A Friday noon in UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);

export function httpRequest(overrides: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    path: '/users/42',
    query: undefined,
    route: '/users/:id',
    host: 'shop.example.org',
    scheme: 'http',
    statusCode: 200,
    aborted: false,
    userAgent: 'curl/8.5.0',
    acceptLanguage: 'sv-SE',
    referrer: undefined,
    peerAddress: '192.0.2.10',
    startMillis: NOON,
    durationMillis: 12.4,
    annotations: [],
    ...overrides,
  };
}

export function annotations(overrides: Partial<Annotations> = {}): Annotations {
  return { ...createAnnotations(), ...overrides };
}

/** The tracking parameters of the hit that a request makes, decoded, and what was reported meanwhile. */
export function parametersOf(
  request: HttpRequest,
  options: Partial<ToHitOptions> = {},
  nowMillis = NOON + 1000,
): { parameters: Record<string, string>; reports: string[] } {
  const reports: string[] = [];
  const toHit = createToHit(
    {
      assumeHttps: true,
      trackBots: true,
      maxCustomVariables: 5,
      hasToken: false,
      visitorKey: 'a key',
      ...options,
    },
    (_key, message) => reports.push(message),
  );
  const query = toHit(request, 1, nowMillis).encode().toString('latin1');
  return { parameters: Object.fromEntries(new URLSearchParams(query)), reports };
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
