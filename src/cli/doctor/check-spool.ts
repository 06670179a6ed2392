import { resolve } from 'node:path';
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

/** Checks the spool without changing its contents, because processes may be using it. */
export async function checkSpool({
  spool,
  url: { href },
}: Pick<ResolvedOptions, 'spool' | 'url'>): Promise<Finding[]> {
  if (spool === undefined) return [];
  const name = `the spool ${show(showPlace(spool))}`;
  if (isRedis(spool)) return checkRedis(name, href, await inspectRedis(spool));
  const report = await inspectFolder(spool);
  const problem = problemOf(report, href);
  if (problem !== undefined) {
    const found = `${name} cannot be used: ${problem}`;
    const code = report.isUntrusted ? 'spool-owner' : 'spool-not-used';
    return [warning('spool', code, found, `${FOLDER_ADVICE} ${NO_SPOOL}`)];
  }
  if (!report.exists) return [ok('spool', `${name} does not exist yet and can be created`)];
  const contents = ok('spool', describeContents(name, report));
  if (!report.isOpenToOthers) return [contents];
  const found = `${name}, which contains personal data, is open to other users of this machine`;
  const advice = `Run: chmod 700 ${resolve(spool)}`;
  return [contents, warning('spool', 'spool-owner', found, advice)];
}

function checkRedis(name: string, href: string, report: SpoolReport): Finding[] {
  const problem = problemOf(report, href);
  if (problem !== undefined) {
    const found = `${name} cannot be used: ${problem}`;
    return [warning('spool', 'spool-not-used', found, `${REDIS_ADVICE} ${NO_SPOOL}`)];
  }
  return [ok('spool', describeContents(name, report))];
}

/** The reason why a spool cannot be used, for example because it has hits for another Matomo. */
function problemOf({ problem, matomoUrl = '' }: SpoolReport, href: string): string | undefined {
  if (problem !== undefined || matomoUrl === '' || matomoUrl === href) return problem;
  return `it belongs to ${show(matomoUrl)}`;
}

function describeContents(name: string, { hits, bytes }: SpoolReport): string {
  return `${name} can be used and has ${countOf(hits)}, ${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
