import type { FindRole } from '../inspector-options.js';

/** The rows that one request adds or reads. */
export interface RowTransaction {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Stores the added rows. Without it they are lost, as after a rollback. */
  commit(): void;
}

const MAX_ROWS = 100_000;
/** Limits the rows if they are large. */
const MAX_CHARACTERS = 32_000_000;

/** Creates a memory of rows that matter for later hits: orders, URLs and visits. It is cleared when it is full, so that an inspector can run for days. */
export function createRowMemory() {
  const rows = new Map<string, string>();
  let characters = 0;

  function clear(): void {
    rows.clear();
    characters = 0;
  }

  function begin(): RowTransaction {
    const added = new Map<string, string>();
    return {
      get: (key) => added.get(key) ?? rows.get(key),
      set: (key, value) => added.set(key, value),
      commit() {
        if (rows.size + added.size > MAX_ROWS || characters > MAX_CHARACTERS) clear();
        for (const [key, value] of added) {
          characters += value.length - (rows.get(key)?.length ?? -key.length);
          rows.set(key, value);
        }
      },
    };
  }

  return { begin, clear };
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

/** `locked`: Matomo does not check the token, because the sender failed too often. */
export type Access = 'granted' | 'denied' | 'locked';

const MAX_FAILURES = 20;
const WINDOW_MILLIS = 3_600_000;

/**
 * Checks tokens like Matomo with its brute-force protection: after more than 20 requests in an hour with an insufficient
 * token, it accepts no super user's token from that address. Tokens of users with write access to the site still work,
 * because they need no login.
 */
export function createAuthenticator(findRole: FindRole) {
  const failures = new Map<string, number[]>();

  /** Checks the tokens of one HTTP request. */
  function authenticate(address: string, nowMillis: number) {
    let failed = false;
    const recent = (failures.get(address) ?? []).filter((time) => time > nowMillis - WINDOW_MILLIS);
    const locked = recent.length > MAX_FAILURES;

    return {
      /** Whether a token may write to a site. */
      writeAccess(token: string, site: number): Access {
        const role = findRole(token, site);
        if (role === 'write' || role === 'admin') return 'granted';
        if (token === '') return 'denied';
        if (locked) return 'locked';
        if (role === 'super') return 'granted';
        if (!failed) failures.set(address, [...recent, nowMillis]);
        failed = true;
        return 'denied';
      },
      /** Whether a token is a super user's. */
      superAccess(token: string): Access {
        if (findRole(token, 0) !== 'super') return 'denied';
        return locked ? 'locked' : 'granted';
      },
    };
  }

  return { authenticate, forget: () => failures.clear() };
}
