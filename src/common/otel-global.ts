import type { Context, ContextManager, DiagLogger, Span } from '@opentelemetry/api';

/** The object under which `@opentelemetry/api` 1.x keeps what was registered, whichever copy did it. */
export interface OtelGlobal {
  version?: string;
  diag?: DiagLogger;
  context?: ContextManager;
  trace?: unknown;
}

/** Checked on `@opentelemetry/api` 1.9.0, 1.9.1 and 1.10.0: `makeGlobal` in `internal/global-utils`. */
export const OTEL_GLOBAL_KEY: symbol = Symbol.for('opentelemetry.js.api.1');

/** `createContextKey` of the API is `Symbol.for`, so these name the same keys in every copy of it. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const SUPPRESS_TRACING_KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Read, never made: registering anything through a second copy of the API would end the application's tracing. */
export function otelGlobal(): OtelGlobal | undefined {
  return (globalThis as Record<symbol, OtelGlobal | undefined>)[OTEL_GLOBAL_KEY];
}

/** The span that is active in a context, recording or not. */
export function spanOf(context: Context | undefined): Span | undefined {
  return context?.getValue(SPAN_KEY) as Span | undefined;
}

/** The span that is active now. */
export function activeSpan(): Span | undefined {
  return spanOf(otelGlobal()?.context?.active());
}

/** Runs `fn` where no instrumentation records a span, outside of whatever context is active now. */
export function withoutTracing<T>(fn: () => T): T {
  const manager = otelGlobal()?.context;
  return manager ? manager.with(SUPPRESSED, fn) : fn();
}

class MapContext implements Context {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new MapContext(new Map(this.#values).set(key, value));
  }

  deleteValue(key: symbol): Context {
    const values = new Map(this.#values);
    values.delete(key);
    return new MapContext(values);
  }
}

const SUPPRESSED: Context = new MapContext(new Map([[SUPPRESS_TRACING_KEY, true]]));
