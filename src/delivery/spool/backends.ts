import { describeError } from '../../common/describe-error.js';
import { show } from '../../common/diagnostics.js';
import type { LogLines } from '../../common/log-lines.js';
import type { Spool } from '../store.js';
import { SpoolLog } from './spool-log.js';
import type { SpoolOptions } from './spool-options.js';

export type SpoolBackendName = 'redis' | 'file';

/** A kind of spool. */
interface SpoolBackend {
  readonly name: SpoolBackendName;
  /** Whether the option `spool` names a spool of this kind. */
  matches(place: string): boolean;
  /** The normalized option `spool`; `undefined` if it is invalid. */
  parse(place: string): string | undefined;
  /** The place as shown in messages, without credentials. */
  show(place: string): string;
  /** Loads its code, because few processes have a spool, and opens it. */
  open(options: SpoolOptions): Promise<Spool>;
}

/** The path of a Redis URL: the number of a database. */
const DATABASE = /^\/?\d{0,9}$/;

/** NUL, a URL of another kind, a misspelled Redis URL, or `:password@`, which the name of a folder would show. A drive is allowed. */
const NO_PATH =
  /\0|^[a-z][a-z\d+.-]*:\/\/|^rediss?(?::|[/\\]{2})|^(?![a-z]:[/\\]).*:.*@|^.:.*:.*@/is;

/** The first match wins. `file` matches everything. */
const SPOOL_BACKENDS: readonly SpoolBackend[] = [
  {
    name: 'redis',
    matches: (place) => /^\s*rediss?:\/\//i.test(place),
    parse(place) {
      const text = place.trim();
      if (!/^rediss?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined;
      const { pathname, search } = new URL(text);
      return DATABASE.test(pathname) && search === '' ? text : undefined;
    },
    show(url) {
      const { protocol, host, pathname } = new URL(url);
      return `${protocol}//${host}${pathname}`;
    },
    open: async (options) => (await import('./redis-spool.js')).openRedis(options),
  },
  {
    name: 'file',
    matches: () => true,
    parse(place) {
      const text = place.trim();
      return text === '' || NO_PATH.test(text) ? undefined : place;
    },
    show: (folder) => folder,
    open: async (options) => (await import('./folder-spool.js')).openFolder(options),
  },
];

/** The backend for a value of the option `spool`. */
export function spoolBackendOf(place: string): SpoolBackend {
  return SPOOL_BACKENDS.find((backend) => backend.matches(place)) as SpoolBackend;
}

/** Opens a spool. Resolves with `undefined` if its code cannot be loaded, which is logged. */
export async function openSpool(
  options: Omit<SpoolOptions, 'log'>,
  lines: LogLines,
): Promise<Spool | undefined> {
  const backend = spoolBackendOf(options.place);
  const log = new SpoolLog(show(backend.show(options.place)), lines);
  try {
    return await backend.open({ ...options, log });
  } catch (error) {
    const reason = `its code could not be loaded (${describeError(error)})`;
    log.beginUnused(reason, 'spool-not-used', 'Please report this.');
    return undefined;
  }
}
