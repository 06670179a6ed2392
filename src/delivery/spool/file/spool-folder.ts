import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DailyKeys } from '../../../common/daily-keys.js';
import { describeSpool, requireDescription, UnusableSpool } from '../spool-description.js';
import type { TokenPlace } from '../token-watch.js';
import { isSegment } from './file-names.js';
import { createFile, OPEN_SAFELY, readOwnFile, requireOwnFile } from './open-files.js';

export const DESCRIPTION = 'spool.json';
/** File mode bit: only the owner of a file may delete it. */
const STICKY = 0o1000;
const VISITOR_KEY = 'visitor.key';
const TOKEN = 'token.fingerprint';

/** Another user could change the contents of the folder. */
export class UntrustedFolder extends UnusableSpool {}

/** Creates the folder if it does not exist. Throws if it cannot be used, or belongs to another Matomo. */
export function openSpoolFolder(folder: string, url: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
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

/** Shares the keys of the current days, and deletes all others. Throws if one cannot be stored. */
export function keepDailyKeys(folder: string, keys: DailyKeys): void {
  const names = keys.days.map(dailyKeyName);
  for (const name of readdirSync(folder)) {
    // The clock of a process on another machine may be ahead.
    const isOver = DAILY_KEY.test(name) && name < (names[0] as string);
    if (isOver || name === VISITOR_KEY) attempt(() => unlinkSync(join(folder, name)));
  }
  for (const day of keys.days) keys.learn(day, keepKey(folder, dailyKeyName(day)));
}

const DAILY_KEY = /^visitor-\d{4}-\d\d-\d\d\.key$/;

function dailyKeyName(day: number): string {
  return `visitor-${new Date(day * 86_400_000).toISOString().slice(0, 10)}.key`;
}

/** The key that all processes with this folder share, also after restarts. Throws if it cannot be stored. */
export function keepVisitorKey(folder: string): Buffer {
  return keepKey(folder, VISITOR_KEY);
}

function keepKey(folder: string, name: string): Buffer {
  const text = readOrCreate(join(folder, name), `${randomBytes(32).toString('hex')}\n`).trim();
  if (!/^[\da-f]{64}$/.test(text)) throw new UnusableSpool(`its ${name} is damaged`);
  return Buffer.from(text, 'hex');
}

/** The fingerprint of a token in a folder. */
export function createTokenFile(folder: string): TokenPlace {
  const path = join(folder, TOKEN);
  return {
    async read() {
      const text = (await readOwnFile(path)).trim();
      return /^[\da-f]{8}$/.test(text) ? text : undefined;
    },
    async write(fingerprint) {
      const draft = `${path}.tmp`;
      const file = await createFile(draft);
      try {
        await file.writeFile(`${fingerprint}\n`);
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
  };
}

/** The pause after a measurement: this many times the duration of the measurement, up to a limit. */
const PAUSE_FACTOR = 50;
const MAX_PAUSE_MILLIS = 5_000;

/** Measures the bytes of all segments. With thousands of segments a measurement takes long, so there are fewer of them. */
export class SpoolSize {
  readonly #folder: string;
  #nextMillis = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns `known` until the next measurement is due. */
  async measure(known: number): Promise<number> {
    const begun = performance.now();
    if (begun < this.#nextMillis) return known;
    const bytes = await measureSegments(this.#folder);
    const elapsed = performance.now() - begun;
    this.#nextMillis = begun + Math.min(elapsed * PAUSE_FACTOR, MAX_PAUSE_MILLIS);
    return bytes;
  }
}

/** Bytes of all segments. */
export async function measureSegments(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter(isSegment);
  const sizes = names.map(async (name) => (await stat(join(folder, name))).size);
  const known = await Promise.all(sizes.map((size) => size.catch(() => 0)));
  return known.reduce((sum, size) => sum + size, 0);
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
    if (code !== 'EEXIST') writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  } finally {
    attempt(() => unlinkSync(draft));
  }
  return read(path);
}

/** The text of a file. Throws if it is not a regular file of this process' user. */
function read(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | OPEN_SAFELY);
  try {
    requireOwnFile(fstatSync(descriptor), path);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // Not necessary.
  }
}
