import type { Diagnostics } from '../../common/diagnostics.js';
import type { PurgeFilter } from './hit-line.js';
import { Spool } from './spool.js';
import { SpoolReports } from './spool-reports.js';
import type { SpoolOptions, SpoolStatus, SpoolStore } from './spool-store.js';

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
  /** Loads its code: few processes have a spool. */
  load(): Promise<SpoolStore>;
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
    load: async () => (await import('./redis/redis-store.js')).REDIS_STORE,
  },
  {
    name: 'file',
    matches: () => true,
    parse(place) {
      const text = place.trim();
      return text === '' || NO_PATH.test(text) ? undefined : place;
    },
    show: (folder) => folder,
    load: async () => (await import('./file/file-store.js')).FILE_STORE,
  },
];

/** The backend for a value of the option `spool`. */
export function spoolBackendOf(place: string): SpoolBackend {
  return SPOOL_BACKENDS.find((backend) => backend.matches(place)) as SpoolBackend;
}

/** Opens a spool, whose code is loaded meanwhile. */
export function openSpool(options: SpoolOptions, diagnostics: Diagnostics): Spool {
  const backend = spoolBackendOf(options.place);
  const reports = new SpoolReports(backend.show(options.place), diagnostics);
  const opener = backend.load().then((store) => store.open(options, reports));
  const loaded = opener.catch((error: unknown) => {
    reports.unused.begin(`it cannot be opened (${error})`);
    return undefined;
  });
  return new Spool(loaded, reports, options);
}

/** The status of a spool. Rejects if it cannot be read. */
export async function readSpoolStatus(place: string): Promise<SpoolStatus> {
  return (await spoolBackendOf(place).load()).readStatus(place);
}

/** Deletes hits in a spool. Returns how many of them were pending. Rejects if a process uses it. */
export async function purgeSpool(place: string, filter: PurgeFilter): Promise<number> {
  return (await spoolBackendOf(place).load()).purge(place, filter);
}
