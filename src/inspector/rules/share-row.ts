import type { RowTransaction } from './row-memory.js';

/** URLs that differ only in http, https and `www.` share a row with the prefix of the first. */
export function shareRow(type: string, url: string, rows: RowTransaction): string {
  const [, name] = /^https?:\/\/(?:www\.)?(.*)$/s.exec(url) ?? [];
  if (name === undefined) return url;
  const key = `url/${type === 'content' ? 'page' : type}/${name}`;
  const known = rows.get(key);
  if (known === undefined) rows.set(key, url);
  return known ?? url;
}
