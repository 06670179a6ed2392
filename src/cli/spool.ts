import { parseArgs } from 'node:util';
import { withoutUserInfo } from '../common/diagnostics.js';
import { spoolBackendOf } from '../delivery/spool/backends.js';
import type { SpoolProcess, SpoolStatus } from '../delivery/spool/spool-status.js';
import { readEnvironment } from '../options/resolve-options.js';
import { UsageError, withoutEffect } from './usage-error.js';

/** Prints what is pending in the spool that the environment names. */
export async function spool(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  if (positionals.length !== 1 || positionals[0] !== 'status') {
    throw new UsageError('spool has one command: spool status');
  }
  let reason = 'MATOMO_SPOOL is not set, so there is no spool';
  const place = readEnvironment('spool', process.env, {
    error: (message) => {
      reason = withoutEffect(message);
    },
  });
  if (place === undefined) throw new Error(reason);
  const backend = spoolBackendOf(place);
  const shown = backend.show(place);
  const found = await backend.readStatus(place);
  const status = { ...found, matomo: found.matomo && withoutUserInfo(found.matomo) };
  console.log(
    values.json
      ? JSON.stringify({ spool: shown, ...status }, null, 2)
      : formatStatus(shown, status, Date.now()),
  );
}

/** Formats the status as text. */
function formatStatus(
  place: string,
  {
    matomo,
    pending,
    bytes,
    oldestSeconds,
    senders,
    processes,
    overlaps,
  }: SpoolStatus & { overlaps?: number },
  nowMillis: number,
): string {
  const age = Math.round(nowMillis / 1000 - (oldestSeconds ?? 0));
  const oldest =
    oldestSeconds === undefined
      ? []
      : [`oldest   ${new Date(oldestSeconds * 1000).toISOString()}, ${age} s ago`];
  return [
    `${place}, for ${matomo ?? 'no Matomo yet'}`,
    '',
    `pending  ${pending} hits`,
    `bytes    ${bytes}`,
    ...oldest,
    ...senders.map((sender, shard) => `sender   ${shard}: ${sender ?? 'nobody'}`),
    ...(overlaps === undefined ? [] : [`overlaps ${overlaps} hits`]),
    ...processes.map(formatProcess),
  ].join('\n');
}

function formatProcess({ instance, host, isAlive, pending }: SpoolProcess): string {
  const where = host === undefined ? '' : ` on ${host}`;
  return `process  ${instance}${where}, ${isAlive ? 'alive' : 'gone'}: ${pending} hits`;
}
