import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { show } from '../../common/diagnostics.js';
import {
  readSpoolStatus,
  type SpoolBackendName,
  spoolBackendOf,
} from '../../delivery/spool/backends.js';
import { requireFolderOf } from '../../delivery/spool/file/spool-folder.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { type Finding, ok, warning } from './checks.js';

const NO_SPOOL =
  'Until then hits are queued in memory, and a restart while Matomo is unavailable loses them.';

type SpoolOptions = Pick<ResolvedOptions, 'url' | 'maxSpoolBytes'>;

/** The check of each backend. */
const CHECK: Readonly<
  Record<SpoolBackendName, (place: string, options: SpoolOptions) => Promise<Finding[]>>
> = { file: checkFolder, redis: checkRedis };

/** Checks the spool without changing it: a process may be using it. */
export async function checkSpool({
  spool,
  ...options
}: SpoolOptions & Pick<ResolvedOptions, 'spool'>): Promise<Finding[]> {
  return spool === undefined ? [] : CHECK[spoolBackendOf(spool).name](spool, options);
}

async function checkFolder(
  spool: string,
  { url, maxSpoolBytes }: SpoolOptions,
): Promise<Finding[]> {
  const folder = resolve(spool);
  const name = `the spool ${show(spool)}`;
  const place = nearestFolder(folder);
  try {
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK);
    if (place === folder) requireFolderOf(folder, url.href);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [
      notUsed(`${name} cannot be used: ${code === undefined ? message : `${code} at ${place}`}`),
    ];
  }
  const isThere = place === folder;
  const found = isThere
    ? `${name} is writable and has ${megabytes(bytesIn(folder))} of hits`
    : `${name} does not exist yet and can be created`;
  return [ok('spool', found), ...(isThere ? openToOthers(folder, name) : []), ...(await space())];

  async function space(): Promise<Finding[]> {
    const { bavail, bsize } = await statfs(place);
    const free = bavail * bsize;
    if (free >= maxSpoolBytes) return [];
    const text = `${name} may grow to ${megabytes(maxSpoolBytes)}, but only ${megabytes(free)} are free`;
    const advice = 'Free disk space, or lower MATOMO_MAX_SPOOL_BYTES.';
    return [warning('spool', 'spool-space', text, advice)];
  }
}

async function checkRedis(spool: string, { url: { href } }: SpoolOptions): Promise<Finding[]> {
  const backend = spoolBackendOf(spool);
  const name = `the spool ${show(backend.show(spool))}`;
  try {
    const { matomo = href, pending } = await readSpoolStatus(spool);
    if (matomo === href) return [ok('spool', `${name} answers and has ${pending} hits`)];
    const advice = `Set MATOMO_SPOOL to another database of that Redis, such as redis://…/1. ${NO_SPOOL}`;
    return [warning('spool', 'spool-not-used', `${name} belongs to ${matomo}`, advice)];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const found = `${name} cannot be used: ${code ?? message}`;
    const advice = `Check Redis, its password, the network, and whether the package redis is installed. ${NO_SPOOL}`;
    return [warning('spool', 'spool-not-used', found, advice)];
  }
}

function notUsed(found: string): Finding {
  const advice = `Set MATOMO_SPOOL to a folder that belongs to the user of the process and is used for this Matomo only. ${NO_SPOOL}`;
  return warning('spool', 'spool-not-used', found, advice);
}

function openToOthers(folder: string, name: string): Finding[] {
  const others = statSync(folder).mode & 0o077;
  if (others === 0 || process.platform === 'win32') return [];
  const found = `${name}, which contains personal data, is open to other users of this machine`;
  return [warning('spool', 'spool-open-to-others', found, `Run: chmod 700 ${folder}`)];
}

/** The folder itself, or the nearest one above it that exists. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder).filter((name) => name.endsWith('.hits'));
  // A running process may delete one meanwhile.
  const sizes = files.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size);
  return sizes.reduce<number>((sum, size = 0) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 1024 ** 2 ? 1 : 0)} MiB`;
}
