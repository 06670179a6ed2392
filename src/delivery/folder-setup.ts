import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { link, mkdir, open, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SharedKeys } from '../common/visitor-keys.js';

/** The file with the URL of the Matomo that gets the hits. */
export const DESCRIPTION = 'spool.json';
const VISITOR_KEY = 'visitor.key';
const DAILY_KEY = /^visitor-\d{4}-\d\d-\d\d\.key$/;
/** File mode bit: only the owner of a file may delete it. */
const STICKY = 0o1000;
/** Flags that do not follow links and do not wait for pipes. Windows has neither flag. */
export const OPEN_SAFELY: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Means that another user could change the contents of the folder. */
export class UntrustedFolder extends Error {}

/** Whether an error proves that a file does not exist. Other errors may be temporary, such as too many open files. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Creates the folder if it does not exist. Rejects if the folder cannot be used, or belongs to another Matomo. */
export async function prepareFolder(folder: string, matomoUrl: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  requireTrust(await stat(folder));
  const description = JSON.stringify({ url: matomoUrl });
  const owner = matomoOf(await readOrCreate(join(folder, DESCRIPTION), `${description}\n`));
  if (owner !== matomoUrl) throw new Error(`it belongs to ${owner}`);
}

/** Reads the URL of the Matomo in a description. */
export function matomoOf(description: string): string {
  const [, url] = /^\{"url":"([^"\\]+)"\}\s*$/.exec(description) ?? [];
  if (url === undefined) throw new Error(`its ${DESCRIPTION} is damaged`);
  return url;
}

/** Throws if the folder is not safe. Volumes of containers often belong to root and are writable for a group. Windows has no such modes. */
export function requireTrust({ uid, mode }: Stats): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return;
  if (uid !== ourUser && uid !== 0)
    throw new UntrustedFolder(`user ${uid} owns it, and this process runs as ${ourUser}`);
  if ((mode & constants.S_IWOTH) !== 0 && (mode & STICKY) === 0)
    throw new UntrustedFolder('every user can write to it, and it has no sticky bit');
}

/** Reads a file. Rejects if it is not a regular file of the user of this process. */
export async function readOwn(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | OPEN_SAFELY);
  try {
    const stats = await file.stat();
    const ourUser = process.geteuid?.();
    if (ourUser !== undefined && (!stats.isFile() || stats.uid !== ourUser))
      throw new UntrustedFolder('not a file of this user');
    return await file.readFile('latin1');
  } finally {
    await file.close();
  }
}

/** Stores keys for other processes and for restarts, and deletes keys of past days. Rejects if a key cannot be stored. */
export async function keepKeys(folder: string, keys: SharedKeys): Promise<void> {
  const [first] = keys.days;
  for (const name of first === undefined ? [] : await readdir(folder)) {
    // Keys of later days stay, because the clock of a process on another machine may be ahead.
    const isOver = DAILY_KEY.test(name) && name < keyName(first);
    if (isOver || name === VISITOR_KEY) await unlink(join(folder, name)).catch(ignore);
  }
  for (const day of keys.days) {
    const name = keyName(day);
    const own = keys.find(day) ?? randomBytes(32);
    const text = (await readOrCreate(join(folder, name), `${own.toString('hex')}\n`)).trim();
    if (!/^[\da-f]{64}$/.test(text)) throw new Error(`its ${name} is damaged`);
    keys.learn(day, Buffer.from(text, 'hex'));
  }
}

function keyName(day: number | undefined): string {
  if (day === undefined) return VISITOR_KEY;
  return `visitor-${new Date(day * 86_400_000).toISOString().slice(0, 10)}.key`;
}

/** Reads a file, or creates it with `text`. The first process that creates it wins. No process reads an incomplete file. */
async function readOrCreate(path: string, text: string): Promise<string> {
  try {
    return await readOwn(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await link(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // On file systems without hard links, another process may read the file while it is still empty.
    if (code !== 'EEXIST') await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } finally {
    await unlink(draft).catch(ignore);
  }
  return readOwn(path);
}

/** Ignores the error of a step that is not necessary, or whose result is checked next. */
function ignore(): void {}
