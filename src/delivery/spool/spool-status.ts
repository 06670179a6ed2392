/** The current contents of a spool. */
export interface SpoolStatus {
  /** The Matomo whose hits the spool has; `undefined` if no process has opened the spool yet. */
  readonly matomo: string | undefined;
  /** Hits without a result. */
  readonly pending: number;
  /** Bytes of pending hits, and in a folder also those of hits that were sent but whose file still exists. */
  readonly bytes: number;
  /** Start of the oldest request, in epoch seconds. */
  readonly oldestSeconds: number | undefined;
  /** The processes that have a journal. */
  readonly processes: readonly SpoolProcess[];
}

/** A process, whose journal has the hits that it made or took over. */
export interface SpoolProcess {
  readonly instance: string;
  /** Name of the machine, if known. */
  readonly host: string | undefined;
  readonly isAlive: boolean;
  readonly pending: number;
}

/** How often a spool is looked at that others change meanwhile. */
const MAX_LOOKS = 5;

/** Calls `look` with what `list` returns; again if processes have changed that meanwhile. */
export async function lookUntilUnchanged<T>(
  list: () => Promise<T>,
  look: (listed: T) => Promise<void>,
): Promise<void> {
  let listed = await list();
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    await look(listed);
    const before = JSON.stringify(listed);
    listed = await list();
    if (JSON.stringify(listed) === before) return;
  }
}
