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
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OPEN_SAFELY, requireOwnFile } from '../own-file.js';
import { isSegment } from './segment-names.js';

const FORMAT = 1;
const DESCRIPTION = 'spool.json';
/** Of a file mode: only the owner of a file deletes it. */
const STICKY = 0o1000;
const VISITOR_KEY = 'visitor.key';

/** Why a folder is not used, in words for the operator. */
export class UnusableFolder extends Error {}

/** The same, since another user could change what is in it. */
export class UntrustedFolder extends UnusableFolder {}

/** Makes the folder where there is none. Throws where it cannot be used, or is another Matomo's. */
export function openSpoolFolder(folder: string, url: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireTrust(folder);
  const path = join(folder, DESCRIPTION);
  const isNew = readdirSync(folder).length === 0;
  requireOwner(readOrCreate(path, `${JSON.stringify({ format: FORMAT, url })}\n`), url);
  // Of an empty folder nobody else knows what it is for; one with files may be shared on purpose.
  if (isNew) attempt(() => chmodSync(folder, 0o700)); // a mounted volume may be somebody else's
}

/** Throws where a folder that is there is another Matomo's. Changes nothing. */
export function requireFolderOf(folder: string, url: string): void {
  requireTrust(folder);
  if (readdirSync(folder).includes(DESCRIPTION)) {
    requireOwner(read(join(folder, DESCRIPTION)), url);
  }
}

/** Volumes of containers belong to root often, and may be written by a group. Windows has neither. */
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

function requireOwner(description: string, url: string): void {
  const { format, url: owner } = parse(description);
  if (format !== FORMAT || typeof owner !== 'string') {
    throw new UnusableFolder(`this version cannot read its ${DESCRIPTION}`);
  }
  if (owner !== url) throw new UnusableFolder(`it belongs to ${owner}`);
}

/** The key that all processes and restarts with this folder agree on. Throws where it cannot be kept. */
export function keepVisitorKey(folder: string): Buffer {
  const path = join(folder, VISITOR_KEY);
  const text = readOrCreate(path, `${randomBytes(32).toString('hex')}\n`).trim();
  if (!/^[\da-f]{64}$/.test(text)) throw new UnusableFolder(`its ${VISITOR_KEY} is damaged`);
  return Buffer.from(text, 'hex');
}

/** Bytes of all segments. */
export async function measureSegments(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter(isSegment);
  const sizes = names.map(async (name) => (await stat(join(folder, name))).size);
  const known = await Promise.all(sizes.map((size) => size.catch(() => 0)));
  return known.reduce((sum, size) => sum + size, 0);
}

/** What stands in the file, whoever was first to write it: it is there as a whole or not at all. */
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
    // A file system without links: whoever reads just now may find it empty.
    if (code !== 'EEXIST') writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  } finally {
    attempt(() => unlinkSync(draft));
  }
  return read(path);
}

/** Throws if that is no regular file of this process' user. */
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
    // It does without.
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
