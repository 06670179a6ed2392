import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { SharedKeys } from '../../../common/visitor-keys.js';
import { type Journal, type JournalOpener, newInstanceName, type OnTakenOver } from '../journal.js';
import type { SpoolReports } from '../spool-reports.js';
import {
  describeSpool,
  requireDescription,
  type SpoolOptions,
  UnusableSpool,
} from '../spool-store.js';
import { FileJournal } from './file-journal.js';
import { makeFolder, useOwnFileSync, writeNewFile } from './own-files.js';
import { thisProcess } from './processes.js';

export const DESCRIPTION = 'spool.json';
/** File mode bit: only the owner of a file may delete it. */
const STICKY = 0o1000;
const VISITOR_KEY = 'visitor.key';

/** Another user could change the contents of the folder. */
export class UntrustedFolder extends UnusableSpool {}

/** Opens journals in a folder, which is created if it does not exist. */
export class FileJournalOpener implements JournalOpener {
  readonly #options: SpoolOptions;
  readonly #folder: string;
  readonly #reports: SpoolReports;
  /** The days whose keys are shared. */
  #knownDays: string | undefined;
  #nextInstance = newInstanceName();

  constructor(options: SpoolOptions, reports: SpoolReports) {
    this.#options = options;
    this.#folder = resolve(options.place);
    this.#reports = reports;
  }

  async open(onTakenOver: OnTakenOver): Promise<Journal | undefined> {
    const { matomoUrl } = this.#options;
    try {
      openSpoolFolder(this.#folder, matomoUrl);
      this.#keepKeys();
      const journal = await FileJournal.create(
        {
          ...this.#options,
          folder: this.#folder,
          identity: thisProcess(),
          reports: this.#reports,
          onTakenOver,
          onBeat: () => this.#keepKeys(),
        },
        this.#nextInstance,
      );
      this.#nextInstance = newInstanceName();
      this.#reports.unused.end();
      return journal;
    } catch (error) {
      if (error instanceof UntrustedFolder) this.#reports.notTrusted(error.message);
      else this.#reports.unused.begin(error);
      return undefined;
    }
  }

  /** Daily keys: three times a day, at midnight, an hour later, and before the next midnight. */
  #keepKeys(): void {
    const { keys } = this.#options;
    const days = keys?.days.join();
    if (!keys || days === this.#knownDays) return;
    try {
      keepKeys(this.#folder, keys);
      this.#knownDays = days;
    } catch (error) {
      this.#reports.noVisitorKey(error);
    }
  }
}

/** Creates the folder if it does not exist. Throws if it cannot be used, or belongs to another Matomo. */
function openSpoolFolder(folder: string, url: string): void {
  makeFolder(folder);
  requireTrust(folder);
  const path = join(folder, DESCRIPTION);
  const isNew = readdirSync(folder).length === 0;
  requireDescription(readOrCreate(path, `${describeSpool(url)}\n`), url, DESCRIPTION);
  // An empty folder can be made private. One with files may be shared on purpose.
  if (isNew) attempt(() => chmodSync(folder, 0o700)); // fails if another user owns the mounted volume
}

/** Throws if an existing folder belongs to another Matomo. Changes nothing. */
export function requireFolderOf(folder: string, url: string): void {
  requireTrust(folder);
  if (readdirSync(folder).includes(DESCRIPTION)) {
    requireDescription(read(join(folder, DESCRIPTION)), url, DESCRIPTION);
  }
}

/** Volumes of containers often belong to root and are writable for a group. Windows has neither. */
function requireTrust(folder: string): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return;
  const { uid, mode } = statSync(folder);
  if (uid !== ourUser && uid !== 0) {
    throw new UntrustedFolder(`user ${uid} owns it, and this process runs as ${ourUser}`);
  }
  const isOpenToAll = (mode & constants.S_IWOTH) !== 0 && (mode & STICKY) === 0;
  if (isOpenToAll)
    throw new UntrustedFolder('every user can write to it, and it has no sticky bit');
}

/** Shares keys, also after restarts, and deletes those of other days. Throws if one cannot be stored. */
export function keepKeys(folder: string, keys: SharedKeys): void {
  const [first] = keys.days;
  for (const name of first === undefined ? [] : readdirSync(folder)) {
    // The clock of a process on another machine may be ahead.
    const isOver = DAILY_KEY.test(name) && name < keyName(first);
    if (isOver || name === VISITOR_KEY) attempt(() => unlinkSync(join(folder, name)));
  }
  for (const day of keys.days) {
    const name = keyName(day);
    const own = keys.find(day) ?? randomBytes(32);
    const text = readOrCreate(join(folder, name), `${own.toString('hex')}\n`).trim();
    if (!/^[\da-f]{64}$/.test(text)) throw new UnusableSpool(`its ${name} is damaged`);
    keys.learn(day, Buffer.from(text, 'hex'));
  }
}

const DAILY_KEY = /^visitor-\d{4}-\d\d-\d\d\.key$/;

function keyName(day: number | undefined): string {
  if (day === undefined) return VISITOR_KEY;
  return `visitor-${new Date(day * 86_400_000).toISOString().slice(0, 10)}.key`;
}

/** The contents of a file, or `text` if it does not exist. The first process to create it wins; no process sees it incomplete. */
function readOrCreate(path: string, text: string): string {
  try {
    return read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // On file systems without hard links, another process may read the file while it is still empty.
    if (code !== 'EEXIST') writeNewFile(path, Buffer.from(text));
  } finally {
    attempt(() => unlinkSync(draft));
  }
  return read(path);
}

/** The text of a file. Throws if it is not a regular file of this process' user. */
function read(path: string): string {
  return useOwnFileSync(path, constants.O_RDONLY, (file) => readFileSync(file, 'utf8'));
}

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // Not necessary.
  }
}
