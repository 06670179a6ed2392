import { once } from 'node:events';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ChildOptions, ROOT, startServer } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { AUTO, get, ONLY_TRACES, REGISTER } from '../support/registered-app.js';

export const EXPORTS_SPANS: string = `${ROOT}test/support/apps/exports-spans.cjs`;

/** More than one, because some code is loaded after the first. */
const CALLS = ['/calls?n=1', '/missing', '/calls?n=2', '/plain', '/calls?n=3'];

/** How applications are traced: preloads, settings, paths to request, and how many spans they export with SDK 2.12. */
export const TRACINGS: readonly (readonly [
  how: string,
  preloads: readonly string[],
  settings: Readonly<Record<string, string>>,
  paths: readonly string[],
  spans: number,
])[] = [
  ['in code', [], { SETUP: 'code' }, CALLS, 16],
  ['in code after http was loaded', [], { SETUP: 'http-first' }, CALLS, 6],
  ['by auto-instrumentations', AUTO, { SETUP: 'preload' }, CALLS, 19],
  ['without an exporter', AUTO, { SETUP: 'preload', OTEL_TRACES_EXPORTER: 'none' }, CALLS, 0],
  ['for half of its requests', [], { SETUP: 'code', SAMPLE: '1' }, CALLS, 4],
  ['late', [], { SETUP: 'late' }, ['/calls', '/missing', '/start', ...CALLS], 12],
  ['not at all', [], { SETUP: 'preload' }, CALLS, 0],
];

/** How this package tracks an application: what its preloads and settings are besides. */
export const TRACKED: Readonly<
  Record<string, { preloads: readonly string[]; settings: Readonly<Record<string, string>> }>
> = {
  register: { preloads: REGISTER, settings: {} },
  start: { preloads: [], settings: { START: '1' } },
};

/** A server that counts the trace headers of its requests, and whether they say that the caller is sampled. */
async function startDownstream() {
  const headers: string[] = [];
  const url = await listen((request, response) => {
    const { traceparent = '', tracestate = '', baggage = '' } = request.headers;
    const flags = String(traceparent).replace(/^00-[0-9a-f]{32}-[0-9a-f]{16}-/, 'flags ');
    headers.push([request.url, flags, tracestate, baggage].join(' '));
    response.end('ok');
  });
  return { url, headers };
}

/** As a load balancer checks that a server listens. */
async function probe(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
}

/** Spans, and nothing else, go to this URL, when the application ends: an export has the spans of a scope before those of the next one. */
const exportingTo = (url: string) => ({
  ...ONLY_TRACES,
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
  OTEL_BSP_SCHEDULE_DELAY: '3600000',
});

/**
 * Runs test/support/apps/exports-spans.cjs, or a copy of it, requests `paths` one after the other and ends it. Returns what others see of
 * its tracing: its spans, the headers of its requests to another service, and what it has registered with the API at its first request
 * and at its last.
 */
export async function traceApplication(
  args: readonly string[],
  paths: readonly string[],
  { env, ...options }: ChildOptions,
) {
  const { startOtlpReceiver } = await import(`${ROOT}tools/matrix/otlp-receiver.mjs`);
  const receiver: { url: string; spans(): string[]; close(): void } = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  const downstream = await startDownstream();
  const app = await startServer(args, {
    ...options,
    env: { ...exportingTo(receiver.url), DOWNSTREAM: downstream.url, ...env },
  });
  await probe(app.url);
  const globals = [JSON.parse(await get(`${app.url}/globals`))];
  for (const path of paths) await get(app.url + path);
  globals.push(JSON.parse(await get(`${app.url}/globals`)));
  await app.stop();
  return { spans: receiver.spans(), headers: downstream.headers, globals };
}
