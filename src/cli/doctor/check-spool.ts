import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { show } from '../../common/diagnostics.js';
import { countOf } from '../../delivery/bulk.js';
import { inspectFolder, inspectRedis, type SpoolReport } from '../../delivery/inspect-spool.js';
import { isRedis, showPlace } from '../../delivery/spool.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { type Finding, ok, warning } from './checks.js';

const NO_SPOOL =
  'Until then hits are queued in memory, and a restart while Matomo is unavailable loses them.';
const FOLDER_ADVICE =
  'Set MATOMO_SPOOL to a folder that belongs to the user of the process and is used for this Matomo only.';
const REDIS_ADVICE =
  'Check Redis, its password, the network, and whether the package redis is installed. For another Matomo, set MATOMO_SPOOL to another database, such as redis://…/1.';
const OPEN_ADVICE =
  'Set requirepass or users in Redis, and the password in MATOMO_SPOOL: redis://user:password@….';

/** Checks the spool without changing it: processes may be using it. */
export async function checkSpool({
  spool,
  url: { href },
  maxSpoolBytes,
}: Pick<ResolvedOptions, 'spool' | 'url' | 'maxSpoolBytes'>): Promise<Finding[]> {
  if (spool === undefined) return [];
  const name = `the spool ${show(showPlace(spool))}`;
  if (isRedis(spool)) return checkRedis(name, href, await inspectRedis(spool));
  const folder = resolve(spool);
  const report = await inspectFolder(folder);
  const { exists, isOpenToOthers, isUntrusted } = report;
  const problem = problemOf(report, href);
  if (problem !== undefined) {
    const found = `${name} cannot be used: ${problem}`;
    const code = isUntrusted ? 'spool-owner' : 'spool-not-used';
    return [warning('spool', code, found, `${FOLDER_ADVICE} ${NO_SPOOL}`)];
  }
  const found = exists
    ? describeContents(name, report)
    : `${name} does not exist yet and can be created`;
  return [
    ok('spool', found),
    ...(exists && isOpenToOthers ? [openToOthers(folder, name)] : []),
    ...(await checkRoom(nearestFolder(folder), name, maxSpoolBytes)),
  ];
}

function checkRedis(name: string, href: string, report: SpoolReport): Finding[] {
  const problem = problemOf(report, href);
  if (problem !== undefined) {
    const found = `${name} cannot be used: ${problem}`;
    return [warning('spool', 'spool-not-used', found, `${REDIS_ADVICE} ${NO_SPOOL}`)];
  }
  const contents = ok('spool', describeContents(name, report));
  if (!report.isOpenToOthers) return [contents];
  const found = `${name}, which contains personal data, is open to all that reach this Redis, without a password`;
  return [contents, warning('spool', 'spool-open-to-others', found, OPEN_ADVICE)];
}

/** Why a spool cannot be used, also if it has hits for another Matomo. */
function problemOf({ problem, matomoUrl = '' }: SpoolReport, href: string): string | undefined {
  if (problem !== undefined || matomoUrl === '' || matomoUrl === href) return problem;
  return `it belongs to ${show(matomoUrl)}`;
}

function describeContents(name: string, { hits, bytes, oldestSeconds }: SpoolReport): string {
  const found = `${name} can be used and has ${countOf(hits)}, ${megabytes(bytes)}`;
  if (hits === 0 || !Number.isFinite(oldestSeconds)) return found;
  return `${found}; the oldest has been pending for ${ageOf(Date.now() / 1000 - oldestSeconds)}`;
}

async function checkRoom(place: string, name: string, maxSpoolBytes: number): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  if (free >= maxSpoolBytes) return [];
  const found = `${name} may grow to ${megabytes(maxSpoolBytes)}, but only ${megabytes(free)} are free`;
  const advice = 'Free disk space, or lower MATOMO_MAX_SPOOL_BYTES.';
  return [warning('spool', 'spool-space', found, advice)];
}

function openToOthers(folder: string, name: string): Finding {
  const found = `${name}, which contains personal data, is open to other users of this machine`;
  return warning('spool', 'spool-open-to-others', found, `Run: chmod 700 ${folder}`);
}

/** The folder itself, or the nearest one above it that exists. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 1024 ** 2 ? 1 : 0)} MiB`;
}

/** As `12 s`, `5 min`, `30 h` or `9 days`. */
function ageOf(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
