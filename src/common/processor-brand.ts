/**
 * Tells a processor of this package, of whichever copy, from those of others. Its value says whether the processor
 * is at work: it is not where options are missing or say so.
 */
export const PROCESSOR_BRAND: symbol = Symbol.for('opentelemetry-matomo.processor');
