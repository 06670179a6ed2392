import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { createSkipMinute } from '../support/clocks.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import {
  bodyHeaders,
  type ExpectedRequest,
  type ExpectedSpan,
  OTLP_RECORDINGS,
  otlpRecording,
} from './otlp-recordings.js';

test.each(OTLP_RECORDINGS)('%s: every recorded request is one hit', async (name) => {
  // Spans of a request may come in two exports, and a busy machine needs time between them.
  const graceMillis = 30_000;
  const { gateway, inspector } = await startGateway({ siteSearch: true, graceMillis });
  const { requests, expected } = otlpRecording(name);
  for (const { headers, body_base64 } of requests) {
    const body = Buffer.from(body_base64, 'base64');
    const answer = await sendSpans(gateway, body, bodyHeaders(headers));
    expect(answer.status).toBe(200);
  }
  const skipMinute = createSkipMinute();
  await eventually(
    () => {
      skipMinute();
      return gateway.stats().pendingRequests === 0;
    },
    { timeoutMillis: 36_000_000 },
  );
  await gateway.close();
  const wanted = expected.filter(({ server_span_missing }) => !server_span_missing);
  expect(sorted(inspector.hits().map(({ params }) => read(params)))).toEqual(
    sorted(wanted.map((request) => expectedHit(request))),
  );
  expect(gateway.stats()).toMatchObject({ hits: wanted.length, pendingRequests: 0 });
});

const sorted = (hits: ReturnType<typeof read>[]) =>
  hits.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const keyOf = (hit: ReturnType<typeof read>) =>
  [hit.cdt, hit.path, hit.gt_ms, hit.method, hit.status, hit.ua].join(' ');

function read(params: Record<string, string>) {
  const { cvar = '{}', url = '', action_name, ua, cdt, gt_ms, pf_srv, urlref, lang } = params;
  const variables = Object.fromEntries(Object.values(JSON.parse(cvar)) as [string, string][]);
  const { host, pathname, search } = new URL(url);
  return {
    host: host.replace('shop.example:8181', 'shop.example'), // Slim: the port of the listener
    cdt,
    path: pathname,
    search,
    method: variables.http_method,
    status: variables.http_status_code,
    action_name,
    ua,
    gt_ms,
    pf_srv,
    urlref,
    lang: lang === '*' ? undefined : lang, // of Node's fetch
  };
}

function expectedHit(request: ExpectedRequest): ReturnType<typeof read> {
  const { method, path, query_in_span, query, route, status = 500, matomo = {} } = request;
  const children = descendantsOf(request);
  const timed = children.filter((child) => child.matomo?.['matomo.perf_key'] === 'pf_srv');
  const served = timed.reduce((total, { duration_ms }) => total + duration_ms, 0);
  const template = path?.replace(/(?<=\/)\d+(?=\/|$)/g, ':id');
  const refusal = { 404: 'Not Found', 405: 'Method Not Allowed' }[status];
  const isRoute = route?.includes('/') || path === `/${route}`; // else it is a name
  const place =
    (isRoute && `/${route?.replace(/^\/|(?<=.)\/$/g, '')}`) ||
    (refusal ?? decodeURIComponent(template ?? ''));
  const title = path === undefined ? request.name : `${method} ${place}`;
  const said = [...children.map((child) => child.matomo ?? {}), matomo];
  return {
    cdt: String(Number(BigInt(request.start_unix_ns) / 1_000_000_000n)),
    path: path ?? '/',
    search: searchOf((query_in_span ?? query)?.replace('SECRET', 'redacted')),
    host: request.host ?? '127.0.0.1:8081', // ASGI: of the listener
    method,
    status: String(status),
    action_name: (Object.assign({}, ...said)['matomo.action_name'] as string) ?? title,
    ua: request.user_agent ?? '-',
    gt_ms: String(Math.round(request.duration_ms)),
    pf_srv: String(Math.round(timed.length > 0 ? served : request.duration_ms)),
    urlref: request.referer,
    lang: request.accept_language,
  } as ReturnType<typeof read>;
}

const searchOf = (query = '') => new URL(`http://host/?${query}`).search;

function descendantsOf({ children = [] }: ExpectedSpan): ExpectedSpan[] {
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}
