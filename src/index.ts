export { ignore, measure, track } from './annotate.js';
export type { HttpDispatcher } from './delivery/dispatcher.js';
export type { TrackedRequest } from './hit/http-request.js';
export type { PerfKey, TrackingParameters } from './hit/tracking-parameters.js';
export type { MatomoOptions } from './options.js';
export type { FinishedSpan } from './requests/finished-span.js';
export { MatomoSpanExporter } from './span-exporter.js';
export { MatomoSpanProcessor } from './span-processor.js';
export type { MatomoStats } from './stats.js';
