/** The current contents of a spool. */
export interface SpoolStatus {
  /** The Matomo for which it was opened; `undefined` if no process has opened it yet. */
  readonly matomo: string | undefined;
  /** Hits without a result. */
  readonly pending: number;
  /** Bytes of pending hits, and in a folder also those of hits that were sent but whose segment still exists. */
  readonly bytes: number;
  /** Start of the oldest request, in epoch seconds. */
  readonly oldestSeconds: number | undefined;
  /** The lease holder of each shard; `undefined` if there is none. A folder is one shard. */
  readonly senders: readonly (string | undefined)[];
  /** The processes that made the hits, and others that share the spool. */
  readonly processes: readonly SpoolProcess[];
}

export interface SpoolProcess {
  readonly instance: string;
  /** Name of the machine, if known. */
  readonly host: string | undefined;
  readonly isAlive: boolean;
  readonly pending: number;
}
