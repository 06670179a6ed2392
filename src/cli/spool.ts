import { parseArgs } from 'node:util';
import { withoutUserInfo } from '../common/diagnostics.js';
import { countOf } from '../delivery/queue/batch.js';
import { purgeSpool, readSpoolStatus, spoolBackendOf } from '../delivery/spool/backends.js';
import type { PurgeFilter } from '../delivery/spool/hit-line.js';
import type { SpoolProcess, SpoolStatus } from '../delivery/spool/spool-store.js';
import { readVariables } from '../options/environment.js';
import { OPTIONS } from '../options/option-table.js';
import { date, UsageError } from './flags.js';

/** Prints what is pending in the spool that the environment names, or deletes hits. */
export async function spool(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals, tokens } = parseArgs({
    args,
    allowPositionals: true,
    tokens: true,
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
  const { json } = values;
  // Of a flag that is repeated, `values` has only the last.
  const [flag, ...others] = tokens.flatMap((token) =>
    token.kind === 'option' && token.name !== 'json' ? token : [],
  );
  if (others.length > 0) {
    throw new UsageError('only one of --all, --user, --visitor and --before is allowed');
  }
  if ((command === 'purge') !== (flag !== undefined)) {
    throw new UsageError(
      'spool purge needs --all, --user ID, --visitor ID or --before DATE, and spool status none of them',
    );
  }
  const filter = flag && toFilter(flag.name, flag.value);
  const place = readVariables(OPTIONS.spool, process.env);
  if (place === undefined) throw new Error('MATOMO_SPOOL is not set, so there is no spool');
  const backend = spoolBackendOf(place);
  const shown = backend.show(place);
  const print = (result: object, asText: string) =>
    console.log(json ? JSON.stringify({ spool: shown, ...result }, null, 2) : asText);
  if (filter) {
    const purged = await purgeSpool(place, filter);
    return print({ purged }, `${shown}: ${countOf(purged)} purged`);
  }
  const found = await readSpoolStatus(place);
  const status = { ...found, matomo: found.matomo && withoutUserInfo(found.matomo) };
  print(status, formatStatus(shown, status, Date.now()));
}

/** The hits that a flag selects. */
function toFilter(kind: PurgeFilter['kind'], value = ''): PurgeFilter {
  if (kind === 'all') return { kind };
  if (value === '') throw new UsageError('--user and --visitor need an ID, and --before a date');
  return kind === 'before' ? { kind, epochSeconds: date('--before', value) } : { kind, id: value };
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
    `pending  ${countOf(pending)}`,
    `bytes    ${bytes}`,
    ...oldest,
    ...processes.map(formatJournal),
  ].join('\n');
}

function formatJournal({ instance, host, isAlive, pending }: SpoolProcess): string {
  const where = host === undefined ? '' : ` on ${host}`;
  return `journal  ${instance}${where}, ${isAlive ? 'alive' : 'ended'}: ${countOf(pending)}`;
}
