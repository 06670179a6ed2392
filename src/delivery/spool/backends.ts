import type { DailyKeys } from '../../common/daily-keys.js';
import type { Diagnostics } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import type { PurgeFilter } from './hit-line.js';
import type { JournalOpener, JournalTimes } from './journal.js';
import { isRedisUrl, parseRedisUrl, shownPlace } from './redis/redis-url.js';
import { Spool } from './spool.js';
import { SpoolReports } from './spool-reports.js';
import type { SpoolStatus } from './spool-status.js';

export interface OpenSpoolOptions {
  /** A folder, or the URL of a Redis. */
  readonly place: string;
  /** URL of the Matomo that gets the hits. */
  readonly matomoUrl: string;
  readonly maxBytes: number;
  readonly hasToken: boolean;
  /** Whether visitor IDs use the key that is stored in the spool. */
  readonly keepsVisitorKey: boolean;
  /** Keys of visitor IDs that the spool stores, one for each day. */
  readonly dailyKeys?: DailyKeys | undefined;
  /** Runs a function without recording spans. */
  readonly quietly: <T>(run: () => T) => T;
  /** Tests shorten them. */
  readonly times?: JournalTimes | undefined;
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
  load(options: OpenSpoolOptions, reports: SpoolReports): Promise<JournalOpener>;
  /** Changes nothing. Rejects if the store cannot be read. */
  readStatus(place: string): Promise<SpoolStatus>;
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
    async load({ place: url, ...options }, reports) {
      const { RedisJournalOpener } = await import('./open-spool.js');
      return new RedisJournalOpener({ ...options, url }, reports);
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
    async load({ place: folder, matomoUrl: url, ...options }, reports) {
      const { FileJournalOpener } = await import('./open-spool.js');
      return new FileJournalOpener({ ...options, folder, url }, reports);
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

/** Opens a spool, whose code is loaded meanwhile: few want one. */
export function openSpool(options: OpenSpoolOptions, diagnostics: Diagnostics): Spool {
  const { place, maxBytes, times } = options;
  const backend = spoolBackendOf(place);
  const reports = new SpoolReports(backend.show(place), diagnostics);
  const loaded = backend.load(options, reports).catch((error: unknown) => {
    const text = `The spool cannot be opened: ${error}. Hits are queued in memory only. Fix that, or set spool to another place.`;
    diagnostics.error(coded('spool-not-used', text));
    return undefined;
  });
  return new Spool(loaded, reports, { maxBytes, times });
}
