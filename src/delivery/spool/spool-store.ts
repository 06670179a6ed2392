import type { SharedKeys } from '../../common/visitor-keys.js';
import type { PurgeFilter } from './hit-line.js';
import type { JournalOpener, JournalTimes } from './journal.js';
import type { SpoolReports } from './spool-reports.js';

export interface SpoolOptions {
  /** A folder, or the URL of a Redis. */
  readonly place: string;
  /** URL of the Matomo that gets the hits. */
  readonly matomoUrl: string;
  readonly maxBytes: number;
  readonly hasToken: boolean;
  /** Keys of visitor IDs that the spool stores. */
  readonly keys?: SharedKeys | undefined;
  readonly times: JournalTimes;
}

/** What a backend does with its spools. */
export interface SpoolStore {
  open(options: SpoolOptions, reports: SpoolReports): JournalOpener;
  /** Changes nothing. Rejects if the spool cannot be read. */
  readStatus(place: string): Promise<SpoolStatus>;
  /** Deletes hits. Returns how many of them were pending. Rejects if a process uses the spool. */
  purge(place: string, filter: PurgeFilter): Promise<number>;
}

/** The current contents of a spool. */
export interface SpoolStatus {
  /** The Matomo whose hits the spool has; `undefined` if no process has opened the spool yet. */
  readonly matomo: string | undefined;
  /** Hits without a result. */
  readonly pending: number;
  /** Bytes of pending hits, and in a folder also those of hits that were sent but whose file still exists. */
  readonly bytes: number;
  /** Start of the oldest request, in epoch seconds. */
  readonly oldestSeconds: number | undefined;
  /** The processes that have a journal. */
  readonly processes: readonly SpoolProcess[];
}

/** A process, whose journal has the hits that it made or took over. */
export interface SpoolProcess {
  readonly instance: string;
  /** Name of the machine, if known. */
  readonly host: string | undefined;
  readonly isAlive: boolean;
  readonly pending: number;
}

/** A process that has a journal, and its files or streams. */
export interface ListedProcess extends Omit<SpoolProcess, 'pending'> {
  readonly segments: readonly string[];
}

/**
 * The status of journals. `measure` returns how many hits without a result a segment has, and the start of its oldest request;
 * `Infinity` if there is none.
 */
export async function readJournals(
  list: () => Promise<readonly ListedProcess[]>,
  measure: (segment: string) => Promise<{ readonly hits: number; readonly oldestSeconds: number }>,
): Promise<Pick<SpoolStatus, 'pending' | 'oldestSeconds' | 'processes'>> {
  let processes: SpoolProcess[] = [];
  let oldestSeconds = Number.POSITIVE_INFINITY;
  await lookUntilUnchanged(list, async (listed) => {
    processes = [];
    oldestSeconds = Number.POSITIVE_INFINITY;
    for (const { instance, host, isAlive, segments } of listed) {
      let pending = 0;
      for (const segment of segments) {
        const measured = await measure(segment);
        pending += measured.hits;
        oldestSeconds = Math.min(oldestSeconds, measured.oldestSeconds);
      }
      processes.push({ instance, host, isAlive, pending });
    }
  });
  return {
    pending: processes.reduce((sum, { pending }) => sum + pending, 0),
    oldestSeconds: Number.isFinite(oldestSeconds) ? oldestSeconds : undefined,
    processes,
  };
}

/** How often a spool is looked at that others change meanwhile. */
const MAX_LOOKS = 5;

/** Calls `look` with what `list` returns; again if processes have changed that meanwhile. */
export async function lookUntilUnchanged<T>(
  list: () => Promise<T>,
  look: (listed: T) => Promise<void>,
): Promise<void> {
  let listed = await list();
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    await look(listed);
    const before = JSON.stringify(listed);
    listed = await list();
    if (JSON.stringify(listed) === before) return;
  }
}

// The first process that uses a spool stores a description in it: the format, and the URL of the Matomo that gets the hits.

const FORMAT = 1;

/** The spool cannot be used. The message is for the operator. */
export class UnusableSpool extends Error {}

export function describeSpool(url: string): string {
  return JSON.stringify({ format: FORMAT, url });
}

/** Throws an `UnusableSpool` if the description, which is stored as `name`, is not that of the spool for `url`. */
export function requireDescription(description: string, url: string, name: string): void {
  const { format, url: owner } = parseObject(description);
  if (format !== FORMAT || typeof owner !== 'string') {
    throw new UnusableSpool(`this version cannot read its ${name}`);
  }
  if (owner !== url) throw new UnusableSpool(`it belongs to ${owner}`);
}

/** The URL of Matomo in a description; `undefined` if there is none. */
export function matomoOf(description: string): string | undefined {
  const { url } = parseObject(description);
  return typeof url === 'string' ? url : undefined;
}

/** The properties of a JSON object; none if the text is damaged. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
