import type { Context, ContextManager, DiagLogger, MeterProvider, Span } from './otel-types.js';

/** The object that all copies of `@opentelemetry/api` 1.x share for what is registered. */
export interface OtelGlobal {
  version?: string;
  diag?: DiagLogger | undefined;
  context?: ContextManager;
  trace?: unknown;
  metrics?: MeterProvider;
}

/** Checked on `@opentelemetry/api` 1.9.0, 1.9.1 and 1.10.0: `makeGlobal` in `internal/global-utils`. */
const OTEL_GLOBAL_KEY: symbol = Symbol.for('opentelemetry.js.api.1');

/** `createContextKey` of the API is `Symbol.for`, so these keys are the same in every copy. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const RPC_METADATA_KEY = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA');
const SUPPRESS_TRACING_KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Reads the object and never creates it: registering through a second copy of the API would replace the application's tracer provider. */
export function otelGlobal(): OtelGlobal | undefined {
  return (globalThis as OtelHolder)[OTEL_GLOBAL_KEY];
}

type OtelHolder = Record<symbol, OtelGlobal | undefined>;

/** The span that is active in a context, recording or not. */
export function spanOf(context: Context | undefined): Span | undefined {
  return context?.getValue(SPAN_KEY) as Span | undefined;
}

/** What the HTTP instrumentation stores in the context of a request. */
export interface RpcMetadata {
  /** The SERVER span, recorded or not. */
  readonly span?: Span;
  /** The route, which other instrumentations add. */
  readonly route?: unknown;
}

export function rpcMetadataOf(context: Context | undefined): RpcMetadata | undefined {
  return context?.getValue(RPC_METADATA_KEY) as RpcMetadata | undefined;
}

/** The active context; `undefined` also if the context manager of the application fails. */
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
 * Whether OpenTelemetry's variable turns everything off. Its specification says that variables have no effect if there is a
 * configuration file. `disabled` in that file is not read.
 */
export function isSdkDisabled(env: NodeJS.ProcessEnv): boolean {
  const files = [env.OTEL_CONFIG_FILE, env.OTEL_EXPERIMENTAL_CONFIG_FILE]; // the second variable in older SDKs
  if (files.some((file) => file?.trim())) return false;
  return env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}
