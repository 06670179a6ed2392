import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf } from '../../common/describe-error.js';
import { show } from '../../common/diagnostics.js';
import { countOf } from '../../delivery/queue/batch.js';
import { readSpoolStatus, spoolBackendOf } from '../../delivery/spool/backends.js';
import { requireFolderOf, UntrustedFolder } from '../../delivery/spool/file/spool-folder.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { type Finding, ok, warning } from './checks.js';

const NO_SPOOL =
  'Until then hits are queued in memory, and a restart while Matomo is unavailable loses them.';
const ADVICE = {
  file: 'Set MATOMO_SPOOL to a folder that belongs to the user of the process and is used for this Matomo only.',
  redis:
    'Check Redis, its password, the network, and whether the package redis is installed. For another Matomo, set MATOMO_SPOOL to another database, such as redis://…/1.',
};

/** Checks the spool without changing it: a process may be using it. */
export async function checkSpool({
  spool,
  url: { href },
  maxSpoolBytes,
}: Pick<ResolvedOptions, 'spool' | 'url' | 'maxSpoolBytes'>): Promise<Finding[]> {
  if (spool === undefined) return [];
  const backend = spoolBackendOf(spool);
  const name = `the spool ${show(backend.show(spool))}`;
  const isFolder = backend.name === 'file';
  try {
    const folder = resolve(spool);
    if (!isFolder) return [await contents()];
    const place = nearestFolder(folder);
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK);
    const room = await checkRoom(place, name, maxSpoolBytes);
    if (place !== folder) {
      return [ok('spool', `${name} does not exist yet and can be created`), ...room];
    }
    requireFolderOf(folder, href);
    return [await contents(), ...openToOthers(folder, name), ...room];
  } catch (error) {
    const reason = isFolder ? (error as Error).message : codeOf(error);
    const found = `${name} cannot be used: ${reason}`;
    const code = error instanceof UntrustedFolder ? 'spool-owner' : 'spool-not-used';
    return [warning('spool', code, found, `${ADVICE[backend.name]} ${NO_SPOOL}`)];
  }

  async function contents(): Promise<Finding> {
    const { matomo = href, pending, bytes } = await readSpoolStatus(spool as string);
    if (matomo !== href) throw new Error(`it belongs to ${show(matomo)}`);
    return ok('spool', `${name} can be used and has ${countOf(pending)}, ${megabytes(bytes)}`);
  }
}

async function checkRoom(place: string, name: string, maxSpoolBytes: number): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  if (free >= maxSpoolBytes) return [];
  const found = `${name} may grow to ${megabytes(maxSpoolBytes)}, but only ${megabytes(free)} are free`;
  const advice = 'Free disk space, or lower MATOMO_MAX_SPOOL_BYTES.';
  return [warning('spool', 'spool-space', found, advice)];
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

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 1024 ** 2 ? 1 : 0)} MiB`;
}
