import type { Diagnostics } from '../../common/diagnostics.js';
import type { PurgeFilter } from './hit-line.js';
import type { SpoolOpener } from './lazy-spool.js';
import type { RedisSpoolStatus } from './redis/redis-commands.js';
import type { OpenRedisSpoolOptions } from './redis/redis-spool.js';
import { isRedisUrl, parseRedisUrl, shownPlace } from './redis/redis-url.js';
import type { SpoolStatus } from './spool-store.js';

interface OpenSpoolOptions extends Omit<OpenRedisSpoolOptions, 'url'> {
  /** A folder, or the URL of a Redis. */
  readonly place: string;
}

/** The normalized option `spool`, or the rule that it breaks. `rule: undefined`: the general rule for all places. */
type ParsedPlace = { readonly place: string } | { readonly rule: string | undefined };

export type SpoolBackendName = 'redis' | 'file';

/** A kind of store for hits. Its code is loaded on demand. */
interface SpoolBackend {
  readonly name: SpoolBackendName;
  /** Whether the option `spool` names a store of this kind. */
  matches(place: string): boolean;
  parse(place: string): ParsedPlace;
  /** The place as shown in messages, without credentials. */
  show(place: string): string;
  /** Loads the code of the store. */
  load(options: OpenSpoolOptions, diagnostics: Diagnostics): Promise<SpoolOpener>;
  /** Changes nothing. Rejects if the store cannot be read. */
  readStatus(place: string): Promise<SpoolStatus & Partial<RedisSpoolStatus>>;
  /** Deletes hits. Returns how many of them were pending. Rejects if a process uses the store. */
  purge(place: string, filter: PurgeFilter): Promise<number>;
}

/** NUL, a URL of another kind, a misspelled Redis URL, or `:password@`, which the name of a folder would show. A drive is allowed. */
const NO_PATH =
  /\0|^[a-z][a-z\d+.-]*:\/\/|^rediss?(?::|[/\\]{2})|^(?![a-z]:[/\\]).*:.*@|^.:.*:.*@/is;

/** The first match wins. `file` matches everything. */
const SPOOL_BACKENDS: readonly SpoolBackend[] = [
  {
    name: 'redis',
    matches: isRedisUrl,
    parse: parseRedisUrl,
    show: shownPlace,
    async load({ place: url, ...options }, diagnostics) {
      const { openRedisSpool } = await import('./open-spool.js');
      return {
        open() {
          const store = openRedisSpool({ ...options, url }, diagnostics);
          return { store, visitorKey: () => store.visitorKey };
        },
        close: () => undefined,
      };
    },
    async readStatus(url) {
      const { readRedisSpoolStatus } = await import('./open-spool.js');
      return readRedisSpoolStatus(url);
    },
    async purge(url, filter) {
      const { purgeRedisSpool } = await import('./open-spool.js');
      return purgeRedisSpool(url, filter);
    },
  },
  {
    name: 'file',
    matches: () => true,
    parse(place) {
      const text = place.trim();
      return text === '' || NO_PATH.test(text) ? { rule: undefined } : { place };
    },
    show: (folder) => folder,
    async load(
      { place: folder, matomoUrl: url, maxBytes, privacy, keepsVisitorKey, dailyKeys },
      diagnostics,
    ) {
      const { FileSpoolOpener } = await import('./open-spool.js');
      const opener = new FileSpoolOpener(
        { folder, url, maxBytes, privacy, dailyKeys },
        diagnostics,
      );
      return {
        open() {
          const store = opener.open();
          const key = keepsVisitorKey ? store?.keepVisitorKey() : undefined;
          return store && { store, visitorKey: () => key };
        },
        close: () => opener.close(),
      };
    },
    async readStatus(folder) {
      const { readFileSpoolStatus } = await import('./open-spool.js');
      return readFileSpoolStatus(folder);
    },
    async purge(folder, filter) {
      const { purgeFileSpool } = await import('./open-spool.js');
      return purgeFileSpool(folder, filter);
    },
  },
];

/** The backend for a value of the option `spool`. */
export function spoolBackendOf(place: string): SpoolBackend {
  return SPOOL_BACKENDS.find((backend) => backend.matches(place)) as SpoolBackend;
}
