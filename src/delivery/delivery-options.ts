/** The options that delivery needs. */
export interface DeliveryOptions {
  readonly tokenAuth: string | undefined;
  /** Reads the token again if it came from a file. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxQueueSize: number;
  readonly resendUnconfirmed: boolean;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly shutdownTimeoutMillis: number;
  /** Set if there is a spool. */
  readonly maxSpoolAgeMillis?: number;
  /** Called after each bulk of which Matomo tracked hits. */
  readonly onTracked?: () => void;
}

/** More than a hit usually takes. */
const BYTES_PER_HIT = 3_355;
const MEBIBYTE = 1024 ** 2;

/** Approximate maximum memory of the queued hits, in bytes. */
export function maxQueueBytes(maxQueueSize: number): number {
  return Math.max(MEBIBYTE, BYTES_PER_HIT * maxQueueSize);
}
