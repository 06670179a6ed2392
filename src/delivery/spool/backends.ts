import type { Diagnostics } from '../../common/diagnostics.js';
import type { OpenedSpool } from './lazy-spool.js';
import type { OpenRedisSpoolOptions } from './redis/open-redis-spool.js';
import { isRedisUrl, parseRedisUrl, shownPlace } from './redis/redis-url.js';
import type { SpoolStatus } from './spool-status.js';

interface OpenSpoolOptions extends Omit<OpenRedisSpoolOptions, 'url'> {
  /** A folder, or the URL of a Redis. */
  readonly place: string;
}

/** The option `spool` as it is used, or what it must be; `undefined`: what any place must be. */
type ParsedPlace = { readonly place: string } | { readonly rule: string | undefined };

export type SpoolBackendName = 'redis' | 'file';

/** A kind of store for hits. Its code is loaded when it is used. */
export interface SpoolBackend {
  readonly name: SpoolBackendName;
  /** Whether the option `spool` names a store of this kind. */
  matches(place: string): boolean;
  parse(place: string): ParsedPlace;
  /** The place as messages show it, without credentials. */
  show(place: string): string;
  /** `undefined`, with the reason logged, if it cannot be used. */
  open(options: OpenSpoolOptions, diagnostics: Diagnostics): Promise<OpenedSpool | undefined>;
  /** Changes nothing. Rejects if the store cannot be read. */
  readStatus(place: string): Promise<SpoolStatus & { readonly overlaps?: number }>;
}

/** NUL, the URL of something else, a Redis URL without its slashes, or `user:password@host` without its scheme. */
const NO_PATH = /\0|^[a-z][a-z\d+.-]*:\/\/|^rediss?:|^[^/\\]*:[^/\\]*@/i;

/** The first that matches is used; `file` takes what is left. */
const SPOOL_BACKENDS: readonly SpoolBackend[] = [
  {
    name: 'redis',
    matches: isRedisUrl,
    parse: parseRedisUrl,
    show: shownPlace,
    async open({ place: url, ...options }, diagnostics) {
      const { openRedisSpool } = await import('./open-spool.js');
      const store = openRedisSpool({ ...options, url }, diagnostics);
      return { store, visitorKey: () => store.visitorKey };
    },
    async readStatus(url) {
      const { readRedisSpoolStatus } = await import('./open-spool.js');
      return readRedisSpoolStatus(url);
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
    async open({ place: folder, matomoUrl: url, maxBytes, keepsVisitorKey }, diagnostics) {
      const { openFileSpool } = await import('./open-spool.js');
      const store = openFileSpool({ folder, url, maxBytes }, diagnostics);
      if (!store) return undefined;
      const key = keepsVisitorKey ? store.keepVisitorKey() : undefined;
      return { store, visitorKey: () => key };
    },
    async readStatus(folder) {
      const { readFileSpoolStatus } = await import('./open-spool.js');
      return readFileSpoolStatus(folder);
    },
  },
];

/** The kind of store that the option `spool` names. */
export function spoolBackendOf(place: string): SpoolBackend {
  return SPOOL_BACKENDS.find((backend) => backend.matches(place)) as SpoolBackend;
}
