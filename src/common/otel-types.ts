// Structural types for `@opentelemetry/api` 1.9 and later. Applications without tracing do not install that package.

/** `AttributeValue` of OpenTelemetry's API. */
export type AttributeValue =
  | string
  | number
  | boolean
  | Array<null | undefined | string>
  | Array<null | undefined | number>
  | Array<null | undefined | boolean>;

/** `Attributes` of OpenTelemetry's API. */
export interface Attributes {
  [key: string]: AttributeValue | undefined;
}

/** A time in seconds and nanoseconds. */
export type HrTime = [seconds: number, nanoseconds: number];

/** `TraceState` of OpenTelemetry's API. */
export interface TraceState {
  set(key: string, value: string): TraceState;
  unset(key: string): TraceState;
  get(key: string): string | undefined;
  serialize(): string;
}

/** `SpanContext` of OpenTelemetry's API. */
export interface SpanContext {
  traceId: string;
  spanId: string;
  isRemote?: boolean;
  traceFlags: number;
  traceState?: TraceState;
}

/** `Link` of OpenTelemetry's API. */
export interface Link {
  context: SpanContext;
  attributes?: Attributes;
  droppedAttributesCount?: number;
}

/** The used part of `Span` of OpenTelemetry's API. */
export interface Span {
  spanContext(): SpanContext;
  isRecording(): boolean;
  addEvent(name: string, attributes?: Attributes): unknown;
}

/** `Context` of OpenTelemetry's API. */
export interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

/** The used part of `ContextManager` of OpenTelemetry's API. */
export interface ContextManager {
  active(): Context;
  with<T>(context: Context, fn: () => T): T;
}

/** The used part of `DiagLogger` of OpenTelemetry's API. */
export interface DiagLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** `ObservableResult` of OpenTelemetry's API. */
interface ObservableResult {
  observe(value: number, attributes?: Attributes): void;
}

interface MetricOptions {
  description?: string;
  unit?: string;
}

interface Observable {
  addCallback(callback: (result: ObservableResult) => void): void;
}

/** The used part of `Meter` of OpenTelemetry's API. */
interface Meter {
  createObservableCounter(name: string, options?: MetricOptions): Observable;
  createObservableUpDownCounter(name: string, options?: MetricOptions): Observable;
  createObservableGauge(name: string, options?: MetricOptions): Observable;
}

/** The used part of `MeterProvider` of OpenTelemetry's API. */
export interface MeterProvider {
  getMeter(name: string, version?: string): Meter;
}
