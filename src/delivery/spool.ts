import { describeError } from '../common/describe-error.js';
import { show } from '../common/diagnostics.js';
import type { LogLines } from '../common/log-lines.js';
import { SpoolLog } from './delivery-log.js';
import type { Spool, SpoolOptions } from './store.js';

const IS_REDIS = /^\s*rediss?:\/\//i;
/** Matches the path of a Redis URL, which is the number of a database. */
const DATABASE = /^\/?\d{0,9}$/;
/** Matches text that is not a path: NUL, a URL of another kind, a misspelled Redis URL, or `:password@`. A drive letter is allowed. */
const NO_PATH =
  /\0|^[a-z][a-z\d+.-]*:\/\/|^rediss?(?::|[/\\]{2})|^(?![a-z]:[/\\]).*:.*@|^.:.*:.*@/is;

export function isRedis(place: string): boolean {
  return IS_REDIS.test(place);
}

/** Normalizes the option `spool`; `undefined` if it is invalid. */
export function parsePlace(place: string): string | undefined {
  const text = place.trim();
  if (!isRedis(place)) return text === '' || NO_PATH.test(text) ? undefined : place;
  if (!/^rediss?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined;
  const { pathname, search } = new URL(text);
  return DATABASE.test(pathname) && search === '' ? text : undefined;
}

/** The place without credentials, for messages. */
export function showPlace(place: string): string {
  if (!isRedis(place)) return place;
  const { protocol, host, pathname } = new URL(place);
  return `${protocol}//${host}${pathname}`;
}

/** Opens a spool. Its code is loaded on demand, because few processes have a spool. Resolves with `undefined` if that fails, which is logged. */
export async function openSpool(
  options: Omit<SpoolOptions, 'log'>,
  lines: LogLines,
): Promise<Spool | undefined> {
  const { place } = options;
  const all = { ...options, log: new SpoolLog(show(showPlace(place)), lines) };
  try {
    if (isRedis(place)) return await (await import('./redis-store.js')).openRedis(all);
    return await (await import('./folder-store.js')).openFolder(all);
  } catch (error) {
    all.log.begin(`its code could not be loaded: ${describeError(error)}`, 'spool-not-used');
    return undefined;
  }
}
