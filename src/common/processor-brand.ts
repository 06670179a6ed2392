/**
 * Marks processors of any copy of this package. The value is whether the processor tracks: it does not if required options
 * are missing or `enabled` is false.
 */
export const PROCESSOR_BRAND: symbol = Symbol.for('opentelemetry-matomo.processor');
