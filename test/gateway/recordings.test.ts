import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import {
  bodyHeaders,
  type ExpectedRequest,
  OTLP_RECORDINGS,
  otlpRecording,
} from '../support/otlp-recordings.js';

test.each(OTLP_RECORDINGS)('%s: every recorded request is one hit', async (name) => {
  const { gateway, inspector } = await startGateway({ maxCustomVariables: 2 });
  const { requests, expected } = otlpRecording(name);
  for (const { headers, body_base64 } of requests) {
    const body = Buffer.from(body_base64, 'base64');
    const answer = await sendSpans(gateway, body, bodyHeaders(headers));
    expect(answer.status).toBe(200);
  }
  const wanted = expected.filter(({ server_span_missing }) => !server_span_missing);
  await eventually(() => gateway.stats().tracked >= wanted.length, {
    describe: () => JSON.stringify(gateway.stats()),
  });
  expect(sorted(inspector.hits().map(({ params }) => read(params)))).toEqual(
    sorted(wanted.map(expectedHit)),
  );
  expect(gateway.stats()).toMatchObject({ hits: wanted.length, waitingRequests: 0 });
});

const sorted = (hits: ReturnType<typeof read>[]) =>
  hits.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

function read(params: Record<string, string>) {
  const { cvar = '{}', url = '', action_name, ua, cdt, gt_ms, pf_srv, urlref, lang } = params;
  const variables = Object.fromEntries(Object.values(JSON.parse(cvar)) as [string, string][]);
  const { pathname, search } = new URL(url);
  return {
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
    lang,
  };
}

function expectedHit(request: ExpectedRequest): ReturnType<typeof read> {
  const { method, path, query, route, status = 500, children = [], matomo = {} } = request;
  const timings = children
    .filter((child) => child.matomo?.['matomo.perf_key'] === 'pf_srv')
    .map((child) => child.duration_ms);
  const place = route || (status === 404 ? 'Not Found' : path);
  const title = path === undefined ? request.name : `${method} ${place}`;
  const said = [...children.map((child) => child.matomo ?? {}), matomo];
  return {
    cdt: String(Number(BigInt(request.start_unix_ns) / 1_000_000_000n)),
    path: path ?? '/',
    search: query === undefined ? '' : `?${query.replace('SECRET', 'redacted')}`,
    method,
    status: String(status),
    action_name: (Object.assign({}, ...said)['matomo.action_name'] as string) ?? title,
    ua: request.user_agent ?? '-',
    gt_ms: String(Math.round(request.duration_ms)),
    pf_srv: String(Math.round(timings.length > 0 ? sum(timings) : request.duration_ms)),
    urlref: request.referer,
    lang: request.accept_language,
  } as ReturnType<typeof read>;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
