/** What a spool holds at present. */
export interface SpoolStatus {
  /** The Matomo that it belongs to; `undefined` where nobody has opened it yet. */
  readonly matomo: string | undefined;
  /** Hits whose fate is open. */
  readonly pending: number;
  /** What they take, and with a folder those beside them that are not cleared away yet. */
  readonly bytes: number;
  /** When the request of the oldest of them began, epoch seconds. */
  readonly oldestSeconds: number | undefined;
  /** Who sends: one for each shard, `undefined` where nobody does. A folder is one shard. */
  readonly senders: readonly (string | undefined)[];
  /** Those that made the hits, and others that share the spool. */
  readonly processes: readonly SpoolProcess[];
}

export interface SpoolProcess {
  readonly instance: string;
  /** The machine, where that is known. */
  readonly host: string | undefined;
  readonly isAlive: boolean;
  readonly pending: number;
}
