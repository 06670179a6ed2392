/** The rows that one request adds or reads. */
export interface RowTransaction {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Stores the added rows. Without it they are lost, as after a rollback. */
  commit(): void;
}

const MAX_ROWS = 100_000;

/** Creates a memory of rows that matter for later hits: orders, URLs and visits. It is cleared when it has `MAX_ROWS`, so that an inspector can run for days. */
export function createRowMemory() {
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

/** URLs that differ only in http, https and `www.` share a row with the prefix of the first. */
export function shareRow(type: string, url: string, rows: RowTransaction): string {
  const [, name] = /^https?:\/\/(?:www\.)?(.*)$/s.exec(url) ?? [];
  if (name === undefined) return url;
  const key = `url/${type === 'content' ? 'page' : type}/${name}`;
  const known = rows.get(key);
  if (known === undefined) rows.set(key, url);
  return known ?? url;
}
