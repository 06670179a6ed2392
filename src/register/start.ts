import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { SpanProcessor } from './attach.js';

type Load = (specifier: string) => unknown;

/** The parts of OpenTelemetry that make SERVER spans of HTTP requests, loaded but not started. */
export interface TracingParts {
  readonly api: {
    readonly trace: { setGlobalTracerProvider(provider: object): boolean };
    readonly context: { setGlobalContextManager(manager: object): boolean };
  };
  readonly TracerProvider: new (options: { spanProcessors: object[] }) => object;
  readonly AsyncLocalStorageContextManager: new () => { enable(): object };
  readonly HttpInstrumentation: new (
    options: object,
  ) => {
    setTracerProvider(provider: object): void;
  };
}

export const INSTALL_COMMAND =
  'npm install @opentelemetry/instrumentation-http@^0.223 @opentelemetry/sdk-trace-base@^2 @opentelemetry/context-async-hooks@^2';

/**
 * Looks for the parts in the application's folder, the working directory and the folder of this package, and each time
 * also among the dependencies of `auto-instrumentations-node`. Loading them changes nothing. `undefined` if one is missing.
 */
export function loadTracingParts(
  ownFile: string,
  app: string = process.argv[1] === undefined ? process.cwd() : dirname(process.argv[1]),
): TracingParts | undefined {
  // On Bun, the span of a request begins before its headers are known.
  if (process.versions.bun !== undefined) return undefined;
  // Absolute, although `argv[1]` of a worker started with `eval: true` is `[worker eval]`.
  const places = [app, process.cwd(), dirname(ownFile)].map((folder) =>
    resolve(folder, 'index.js'),
  );
  for (const place of places) {
    const load = createRequire(place);
    const parts = partsFrom(load) ?? partsBeside(load, '@opentelemetry/auto-instrumentations-node');
    if (parts) return parts;
  }
  return undefined;
}

function partsBeside(load: NodeJS.Require, neighbour: string): TracingParts | undefined {
  try {
    return partsFrom(createRequire(load.resolve(neighbour)));
  } catch {
    return undefined;
  }
}

function partsFrom(load: NodeJS.Require): TracingParts | undefined {
  try {
    const instrumentation = '@opentelemetry/instrumentation-http';
    const { HttpInstrumentation } = load(instrumentation) as Pick<
      TracingParts,
      'HttpInstrumentation'
    >;
    const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks') as Pick<
      TracingParts,
      'AsyncLocalStorageContextManager'
    >;
    // The copy of the API that the instrumentation itself uses.
    const api = createRequire(load.resolve(instrumentation))('@opentelemetry/api');
    return {
      api: api as TracingParts['api'],
      TracerProvider: tracerProvider(load),
      AsyncLocalStorageContextManager,
      HttpInstrumentation,
    };
  } catch {
    return undefined;
  }
}

/** In `sdk-trace-base` of SDK 1 and 2, in `sdk-trace` of SDK 3. */
function tracerProvider(load: Load): TracingParts['TracerProvider'] {
  try {
    const { BasicTracerProvider } = load('@opentelemetry/sdk-trace-base') as Record<
      string,
      unknown
    >;
    return BasicTracerProvider as TracingParts['TracerProvider'];
  } catch {
    const { TracerProvider } = load('@opentelemetry/sdk-trace') as Record<string, unknown>;
    return TracerProvider as TracingParts['TracerProvider'];
  }
}

/**
 * Starts minimal tracing that makes a SERVER span of every HTTP request: no exporter, no spans of outgoing requests.
 * From now on the application has a tracer provider, so attributes on its spans work.
 */
export function startTracing(parts: TracingParts, processor: SpanProcessor): void {
  const provider = new parts.TracerProvider({ spanProcessors: [processor] });
  parts.api.context.setGlobalContextManager(new parts.AsyncLocalStorageContextManager().enable());
  parts.api.trace.setGlobalTracerProvider(provider);
  const instrumentation = new parts.HttpInstrumentation({
    disableOutgoingRequestInstrumentation: true,
  });
  instrumentation.setTracerProvider(provider);
  requireHttp();
}

/**
 * Instrumentations patch these modules when they are required. ES modules that imported them before share the patched
 * functions, so their requests have spans from then on.
 */
export function requireHttp(): void {
  const require = createRequire(__filename);
  require('node:http');
  require('node:https');
}
