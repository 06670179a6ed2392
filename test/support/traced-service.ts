import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { onTestFinished } from 'vitest';
import { withoutTracing } from '../../src/common/otel-global.js';
import type { MatomoSpanProcessor } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { eventually } from './child-process.js';
import { listen } from './listen.js';
import { startProcessor } from './senders.js';

// The instrumentation hooks `require`, not `import`.
const require = createRequire(import.meta.url);

/** One for all tests of a file: a second one would not be told of modules that were required before. */
const instrumentation = new HttpInstrumentation();

type NodeSdkOptions = NonNullable<ConstructorParameters<typeof NodeSDK>[0]>;

type Answer = Readonly<{ status: number; headers: IncomingHttpHeaders; body: string }>;
type FetchOptions = Pick<RequestInit, 'method'> & {
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
};

/**
 * A real HTTP server under the real SDK, whose processor sends to an inspector. A function without parameters makes the listener after
 * the SDK has started.
 */
export async function startTracedService(
  listener: RequestListener | (() => RequestListener),
  options: MatomoOptions = {},
  sdkOptions: Partial<NodeSdkOptions> = {},
) {
  const { inspector, processor, hits } = await startProcessor(options);
  startSdk({ spanProcessors: [processor as never], ...sdkOptions });
  const isFactory = listener.length === 0;
  const handler = isFactory ? (listener as () => RequestListener)() : listener;
  const port = Number(new URL(await listen(handler as RequestListener)).port);
  // As from another process: the instrumentation would replace `traceparent`.
  const fetch = (path: string, request?: FetchOptions) =>
    withoutTracing(() => fetchFrom(port, path, request));
  /** Waits until so many requests have been decided on: as hits or as ignored. */
  async function requests(count: number): Promise<void> {
    await eventually(() => decided(processor) >= count);
  }
  /** Sends requests one by one, and gives what Matomo has got when all of them have been decided on. */
  async function visit(paths: string | readonly string[], request?: FetchOptions) {
    const all = [paths].flat();
    const count = decided(processor) + all.length;
    for (const path of all) await fetch(path, request);
    await requests(count);
    return hits();
  }
  return { inspector, processor, port, fetch, hits, requests, visit };
}

/** Starts the SDK with the HTTP instrumentation, and takes all of it back at the end of the test. */
function startSdk(options: Partial<NodeSdkOptions>): NodeSDK {
  const sdk = new NodeSDK({ instrumentations: [instrumentation], ...options });
  sdk.start();
  require('node:http');
  onTestFinished(async () => {
    await sdk.shutdown().catch(() => undefined);
    for (const api of [trace, context, propagation, metrics, diag]) api.disable();
    instrumentation.setTracerProvider(trace.getTracerProvider()); // its patch of `node:http` stays
  });
  return sdk;
}

export function fetchFrom(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: FetchOptions = {},
): Promise<Answer> {
  const { request } = require('node:http') as typeof import('node:http');
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, method, headers, agent: false }, read)
      .on('error', reject)
      .end(body);

    function read(response: IncomingMessage): void {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      const { statusCode: status = 0, headers } = response;
      response.on('end', () => resolve({ status, headers, body: text }));
      response.on('error', reject);
    }
  });
}

/** How many requests have become hits or were ignored. */
export function decided(processor: MatomoSpanProcessor): number {
  const { hits, additionalHits, ignored } = processor.stats();
  return Object.values(ignored).reduce((sum, count) => sum + count, hits - additionalHits);
}
