/** The options that delivery needs. */
export interface DeliveryOptions {
  readonly tokenAuth: string | undefined;
  /** Reads the token again if it came from a file. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
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
