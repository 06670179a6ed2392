// Not by name: bundles often have a banner that imports `createRequire`.
import * as modules from 'node:module';
import { dirname, resolve } from 'node:path';
import { otelGlobal } from '../common/otel-global.js';
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
 * Looks for the parts in the application's folder, the working directory and the folder of `ownFile`, if it is known, and each
 * time also among the dependencies of `auto-instrumentations-node`. Loading them changes nothing. `undefined` if one is missing.
 */
export function loadTracingParts(
  ownFile: string | undefined,
  app: string = process.argv[1] === undefined ? process.cwd() : dirname(process.argv[1]),
): TracingParts | undefined {
  // On Bun, the span of a request begins before its headers are known.
  if (process.versions.bun !== undefined) return undefined;
  // Absolute, although `argv[1]` of a worker started with `eval: true` is `[worker eval]`.
  const folders = [app, process.cwd(), ...(ownFile === undefined ? [] : [dirname(ownFile)])];
  const places = folders.map((folder) => resolve(folder, 'index.js'));
  for (const place of places) {
    const load = modules.createRequire(place);
    const parts = partsFrom(load) ?? partsBeside(load, '@opentelemetry/auto-instrumentations-node');
    if (parts) return parts;
  }
  return undefined;
}

function partsBeside(load: NodeJS.Require, neighbour: string): TracingParts | undefined {
  try {
    return partsFrom(modules.createRequire(load.resolve(neighbour)));
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
    const api = modules.createRequire(load.resolve(instrumentation))('@opentelemetry/api');
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
  registerGlobals(parts, provider);
  const instrumentation = new parts.HttpInstrumentation({
    disableOutgoingRequestInstrumentation: true,
  });
  instrumentation.setTracerProvider(provider);
  requireHttp();
}

/**
 * Registers what the application has not registered.
 *
 * @throws Error if the copy of the API refuses, because the application registered something through another version.
 */
function registerGlobals(
  { api, AsyncLocalStorageContextManager }: TracingParts,
  provider: object,
): void {
  const existing = otelGlobal();
  const diag = existing?.diag;
  // The API logs why it refuses, with a stack.
  if (existing) existing.diag = undefined;
  try {
    const isRegistered =
      (existing?.context !== undefined ||
        api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())) &&
      (existing?.trace !== undefined || api.trace.setGlobalTracerProvider(provider));
    if (!isRegistered) {
      throw new Error(
        `the application uses @opentelemetry/api ${existing?.version}, @opentelemetry/instrumentation-http another version`,
      );
    }
  } finally {
    if (existing) existing.diag = diag;
  }
}

/**
 * Instrumentations patch these modules when they are required. ES modules that imported them before share the patched
 * functions, so their requests have spans from then on.
 */
export function requireHttp(): void {
  // Any absolute path will do: bundles of ES modules have no `__filename`.
  const require = modules.createRequire(process.execPath);
  require('node:http');
  require('node:https');
}
