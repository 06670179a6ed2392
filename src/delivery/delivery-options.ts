/** What delivery needs of the options. */
export interface DeliveryOptions {
  readonly tokenAuth: string | undefined;
  /** Reads the token again where it came from a file. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  readonly resendUnconfirmed: boolean;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  /** Where there is a spool. */
  readonly maxSpoolAgeMillis?: number;
}
