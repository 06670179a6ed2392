export {
  annotate,
  ignore,
  measure,
  trackEvent,
  trackGoal,
  trackHit,
  trackOrder,
} from './annotate.js';
export type { MessageCode } from './common/messages.js';
export type {
  Attributes,
  AttributeValue,
  Context,
  HrTime,
  Link,
  MeterProvider,
  Span,
  SpanContext,
  TraceState,
} from './common/otel-types.js';
export { forRequest } from './for-request.js';
export { HEALTH_CHECKERS } from './hit/bots/bots.js';
export type { TrackedRequest } from './hit/http-request.js';
export type { Order, OrderItem } from './hit/parameters/order.js';
export type {
  HitParameters,
  PerfKey,
  TrackingParameters,
} from './hit/parameters/parameter-values.js';
export type { OptionError } from './options/option.js';
export type { MatomoOptions, VisitorId } from './options.js';
export type { FinishedSpan } from './request/finished-span.js';
export type { RequestFunctions } from './request/functions.js';
export { MatomoSpanExporter } from './span-exporter.js';
export { MatomoSpanProcessor } from './span-processor.js';
export { type MatomoHandle, start } from './start.js';
export type { MatomoStats } from './tracker/stats.js';
