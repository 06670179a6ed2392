import { parseArgs } from 'node:util';
import { withoutUserInfo } from '../common/diagnostics.js';
import { countOf } from '../delivery/queue/batch.js';
import { purgeSpool, readSpoolStatus, spoolBackendOf } from '../delivery/spool/backends.js';
import type { PurgeFilter } from '../delivery/spool/hit-line.js';
import type { SpoolProcess, SpoolStatus } from '../delivery/spool/spool-store.js';
import { readEnvironment } from '../options/environment.js';
import { date } from './flag-values.js';
import { UsageError, withoutEffect } from './usage-error.js';

/** Prints what is pending in the spool that the environment names, or deletes hits. */
export async function spool(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      all: { type: 'boolean' },
      user: text,
      visitor: text,
      before: text,
      json: { type: 'boolean' },
    },
  });
  const [command] = positionals;
  if (positionals.length !== 1 || (command !== 'status' && command !== 'purge')) {
    throw new UsageError('spool has two commands: spool status and spool purge');
  }
  const filter = filterOf(values);
  if ((command === 'purge') !== (filter !== undefined)) {
    throw new UsageError(
      'spool purge needs --all, --user ID, --visitor ID or --before DATE, and spool status none of them',
    );
  }
  const place = readPlace();
  const backend = spoolBackendOf(place);
  const shown = backend.show(place);
  const print = (result: object, asText: string) =>
    console.log(values.json ? JSON.stringify({ spool: shown, ...result }, null, 2) : asText);
  if (filter) {
    const purged = await purgeSpool(place, filter);
    return print({ purged }, `${shown}: ${countOf(purged)} purged`);
  }
  const found = await readSpoolStatus(place);
  const status = { ...found, matomo: found.matomo && withoutUserInfo(found.matomo) };
  print(status, formatStatus(shown, status, Date.now()));
}

/** The hits that the flags select; `undefined` without flags. */
function filterOf({ all, user, visitor, before }: Selectors): PurgeFilter | undefined {
  const set = [all, user, visitor, before].filter((value) => value !== undefined);
  if (set.length === 0) return undefined;
  if (set.length > 1)
    throw new UsageError('only one of --all, --user, --visitor and --before is allowed');
  if (set[0] === '') throw new UsageError('--user and --visitor need an ID, and --before a date');
  if (user !== undefined) return { kind: 'user', id: user };
  if (visitor !== undefined) return { kind: 'visitor', id: visitor };
  if (before === undefined) return { kind: 'all' };
  return { kind: 'before', epochSeconds: date('--before', before) };
}

interface Selectors {
  all?: boolean;
  user?: string;
  visitor?: string;
  before?: string;
}

/** The spool that the environment names. */
function readPlace(): string {
  const place = readEnvironment('spool', process.env, {
    error(message) {
      throw new Error(withoutEffect(message));
    },
  });
  if (place === undefined) throw new Error('MATOMO_SPOOL is not set, so there is no spool');
  return place;
}

/** Formats the status as text. */
function formatStatus(
  place: string,
  { matomo, pending, bytes, oldestSeconds, processes }: SpoolStatus,
  nowMillis: number,
): string {
  const oldest: string[] = [];
  if (oldestSeconds !== undefined) {
    const age = Math.round(nowMillis / 1000 - oldestSeconds);
    oldest.push(`oldest   ${new Date(oldestSeconds * 1000).toISOString()}, ${age} s ago`);
  }
  return [
    `${place}, for ${matomo ?? 'no Matomo yet'}`,
    '',
    `pending  ${pending} hits`,
    `bytes    ${bytes}`,
    ...oldest,
    ...processes.map(formatJournal),
  ].join('\n');
}

function formatJournal({ instance, host, isAlive, pending }: SpoolProcess): string {
  const where = host === undefined ? '' : ` on ${host}`;
  return `journal  ${instance}${where}, ${isAlive ? 'alive' : 'ended'}: ${pending} hits`;
}
