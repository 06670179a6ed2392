/** Rows that one request adds to the memory, or finds there. */
export interface RowTransaction {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Keeps what was set; without it all is forgotten, as by a rollback. */
  commit(): void;
}

/** Rows that later hits meet again: orders and URLs. */
export interface RowMemory {
  begin(): RowTransaction;
  clear(): void;
}

const MAX_ROWS = 100_000;

/** An inspector that runs for days forgets its rows from time to time rather than grow. */
export function createRowMemory(): RowMemory {
  const rows = new Map<string, string>();

  function begin(): RowTransaction {
    const added = new Map<string, string>();
    return {
      get: (key) => added.get(key) ?? rows.get(key),
      set: (key, value) => added.set(key, value),
      commit() {
        if (rows.size + added.size > MAX_ROWS) rows.clear();
        for (const [key, value] of added) rows.set(key, value);
      },
    };
  }

  return { begin, clear: () => rows.clear() };
}
