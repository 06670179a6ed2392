import type { Context, ContextManager, DiagLogger, MeterProvider, Span } from './otel-types.js';

/** The object in which all copies of `@opentelemetry/api` 1.x store what is registered. */
export interface OtelGlobal {
  version?: string;
  diag?: DiagLogger | undefined;
  context?: ContextManager;
  trace?: unknown;
  metrics?: MeterProvider;
}

/** Verified with `@opentelemetry/api` 1.9.0, 1.9.1 and 1.10.0: `makeGlobal` in `internal/global-utils`. */
const OTEL_GLOBAL_KEY: symbol = Symbol.for('opentelemetry.js.api.1');

/** Keys that are the same in every copy of the API, because `createContextKey` is `Symbol.for`. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const RPC_METADATA_KEY = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA');
const SUPPRESS_TRACING_KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Reads the object but never creates it: registering through a second
 * copy of the API would replace the application's tracer provider.
 */
export function otelGlobal(): OtelGlobal | undefined {
  return (globalThis as OtelHolder)[OTEL_GLOBAL_KEY];
}

type OtelHolder = Record<symbol, OtelGlobal | undefined>;

/** The span that is active in a context, recording or not. */
export function spanOf(context: Context | undefined): Span | undefined {
  return context?.getValue(SPAN_KEY) as Span | undefined;
}

/** The metadata that the HTTP instrumentation stores in the context of a request. */
export interface RpcMetadata {
  /** The SERVER span, recorded or not. */
  readonly span?: Span;
  /** The route that other instrumentations add. */
  readonly route?: unknown;
}

export function rpcMetadataOf(context: Context | undefined): RpcMetadata | undefined {
  return context?.getValue(RPC_METADATA_KEY) as RpcMetadata | undefined;
}

/** The active context; `undefined` if there is none, or if the application's context manager throws. */
export function activeContext(): Context | undefined {
  try {
    return (globalThis as OtelHolder)[OTEL_GLOBAL_KEY]?.context?.active();
  } catch {
    return undefined;
  }
}

/** Runs `fn` in a context in which instrumentations record no spans. */
export function withoutTracing<T>(fn: () => T): T {
  const manager = otelGlobal()?.context;
  return manager ? manager.with(SUPPRESSED, fn) : fn();
}

function contextOf(values: ReadonlyMap<symbol, unknown>): Context {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextOf(new Map(values).set(key, value)),
    deleteValue: (key) => contextOf(new Map([...values].filter(([each]) => each !== key))),
  };
}

const SUPPRESSED: Context = contextOf(new Map([[SUPPRESS_TRACING_KEY, true]]));

/**
 * Whether OpenTelemetry's environment variable disables the SDK. According to its specification, variables have no effect if there is a
 * configuration file. `disabled` in that file is not read.
 */
export function isSdkDisabled(env: NodeJS.ProcessEnv): boolean {
  const files = [env.OTEL_CONFIG_FILE, env.OTEL_EXPERIMENTAL_CONFIG_FILE]; // the second variable in older SDKs
  if (files.some((file) => file?.trim())) return false;
  return env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}
