import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SharedKeys } from '../../common/visitor-keys.js';

/** Says which Matomo gets the hits. */
export const DESCRIPTION = 'spool.json';
const FORMAT = 1;
const VISITOR_KEY = 'visitor.key';
const DAILY_KEY = /^visitor-\d{4}-\d\d-\d\d\.key$/;
/** File mode bit: only the owner of a file may delete it. */
const STICKY = 0o1000;
/** Opens no link, and does not wait for a pipe. Windows has neither flag. */
const OPEN_SAFELY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | constants.O_WRONLY;

/** The spool cannot be used. The message is for the operator. */
class UnusableFolder extends Error {}

/** Another user could change the contents of the folder. */
export class UntrustedFolder extends UnusableFolder {}

/** The folder, or all that was in it, was deleted. */
export class MissingFolder extends Error {
  readonly code = 'ENOENT';
}

/** There is a link, a pipe, a folder, or a file of another user where one of ours should be. */
export class ForeignFile extends Error {
  readonly code = 'not a file of this user';
}

/** Whether an error proves that a file does not exist. Other errors may be temporary, such as too many open files. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Whether a file cannot be renamed or deleted because another process was faster, or, on Windows, has it open. */
export function isTaken(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    code === 'ENOENT' ||
    (process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(code))
  );
}

/** For `catch`: what does not exist is `undefined`. */
function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** A file's size and times; `undefined` if it does not exist. Rejects with a `ForeignFile` if it is no regular file of this process' user. */
export async function statOwn(path: string): Promise<Stats | undefined> {
  const stats = await lstat(path).catch(unlessMissing);
  if (stats) requireOwn(stats, path);
  return stats;
}

/** Renames a file, or deletes it. Resolves with `false` if it is gone. */
export async function moveOwn(path: string, to: string | undefined): Promise<boolean> {
  const moved = to === undefined ? unlink(path) : rename(path, to);
  return moved.then(
    () => true,
    (error) => unlessMissing(error) ?? false,
  );
}

/** Opens a file of this process' user. */
export async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const opened = open(path, flags | OPEN_SAFELY, 0o600);
  const file = await opened.catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' || error.code === 'EISDIR' ? new ForeignFile(path) : error;
  });
  try {
    requireOwn(await file.stat(), path);
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** Creates a file that only its owner may read. */
export function createOwn(path: string): Promise<FileHandle> {
  return openOwn(path, NEW_FILE);
}

/** Creates a file without returning to the event loop. Does not wait for the disk: what the kernel has survives the end of the process. */
export function writeNow(path: string, data: string | Buffer): void {
  const file = openSync(path, NEW_FILE, 0o600);
  try {
    writeFileSync(file, data);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

export async function readOwn(path: string): Promise<Buffer> {
  const file = await openOwn(path, constants.O_RDONLY);
  try {
    return await file.readFile();
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Throws a `ForeignFile` unless it is a regular file of this process' user. */
function requireOwn(stats: Stats, path: string): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return; // Windows
  if (!stats.isFile() || stats.uid !== ourUser) throw new ForeignFile(path);
}

/** Creates the folder if it does not exist. Throws if it cannot be used, or belongs to another Matomo. */
export function prepareFolder(folder: string, matomoUrl: string): void {
  makeFolder(folder);
  requireTrust(statSync(folder));
  const isNew = readdirSync(folder).length === 0;
  const description = JSON.stringify({ format: FORMAT, url: matomoUrl });
  const owner = matomoOf(readOrCreate(join(folder, DESCRIPTION), `${description}\n`));
  if (owner !== matomoUrl) throw new UnusableFolder(`it belongs to ${owner}`);
  // An empty folder can be made private. One with files may be shared on purpose.
  if (isNew) attempt(() => chmodSync(folder, 0o700)); // fails if another user owns the mounted volume
}

/** The Matomo that a description names. */
export function matomoOf(description: string): string {
  const { format, url } = parse(description);
  if (format === FORMAT && typeof url === 'string') return url;
  throw new UnusableFolder(`this version cannot read its ${DESCRIPTION}`);
}

/** Volumes of containers often belong to root and are writable for a group. Windows has neither. */
export function requireTrust({ uid, mode }: Stats): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return;
  if (uid !== ourUser && uid !== 0)
    throw new UntrustedFolder(`user ${uid} owns it, and this process runs as ${ourUser}`);
  if ((mode & constants.S_IWOTH) !== 0 && (mode & STICKY) === 0)
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
    if (!/^[\da-f]{64}$/.test(text)) throw new UnusableFolder(`its ${name} is damaged`);
    keys.learn(day, Buffer.from(text, 'hex'));
  }
}

function keyName(day: number | undefined): string {
  if (day === undefined) return VISITOR_KEY;
  return `visitor-${new Date(day * 86_400_000).toISOString().slice(0, 10)}.key`;
}

/**
 * Creates a folder and those above it, for this user alone. The option `recursive` of `mkdirSync` tries forever where the system says that
 * the parent of a new folder does not exist, although it does, as in `/proc`.
 */
function makeFolder(folder: string): void {
  const parent = dirname(folder);
  if (existsSync(folder) || parent === folder) return;
  makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // made by another process, or a broken link
  }
}

/** The contents of a file, or `text` if it does not exist. The first process to create it wins; no process sees it incomplete. */
function readOrCreate(path: string, text: string): string {
  try {
    return readNow(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // On file systems without hard links, another process may read the file while it is still empty.
    if (code !== 'EEXIST') writeNow(path, text);
  } finally {
    attempt(() => unlinkSync(draft));
  }
  return readNow(path);
}

/** The text of a file of this process' user. */
export function readNow(path: string): string {
  const file = openSync(path, constants.O_RDONLY | OPEN_SAFELY);
  try {
    requireOwn(fstatSync(file), path);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // Not necessary.
  }
}
