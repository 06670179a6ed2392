import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { byName } from '../instance-name.js';
import { matomoOf, parseObject } from '../spool-description.js';
import type { SpoolProcess, SpoolStatus } from '../spool-store.js';
import {
  acknowledgmentsBySegment,
  instanceOfOther,
  ownerName,
  segmentsByInstance,
} from './file-names.js';
import { LEASE_NAME } from './lease.js';
import { LivenessMonitor, thisProcess } from './liveness.js';
import { OpenFiles } from './open-files.js';
import { SegmentReader } from './segment-reader.js';
import { DESCRIPTION, measureSegments } from './spool-folder.js';

/** So long that no process counts as ended while the status is read. */
const NEVER_MILLIS = 60_000;

/** Reads the status of a spool folder without changing it. Rejects if the folder cannot be read. */
export async function readFileSpoolStatus(folder: string): Promise<SpoolStatus> {
  const names = await readdir(folder);
  const liveness = new LivenessMonitor(thisProcess());
  const segments = segmentsByInstance(names);
  const acknowledgments = acknowledgmentsBySegment(names);
  const files = new OpenFiles(1);
  const owners = names.flatMap((name) => instanceOfOther(name) ?? []);
  const processes: SpoolProcess[] = [];
  let oldestSeconds: number | undefined;
  for (const instance of [...new Set([...segments.keys(), ...owners])].sort(byName)) {
    let pending = 0;
    for (const name of segments.get(instance) ?? []) {
      const reader = await SegmentReader.open(
        folder,
        name,
        acknowledgments.get(name) ?? [],
        0,
        { broken() {} },
        files,
      );
      await reader.readAhead(1, true);
      const startSeconds = reader.head?.startSeconds ?? Number.POSITIVE_INFINITY;
      if (startSeconds < (oldestSeconds ?? Number.POSITIVE_INFINITY)) oldestSeconds = startSeconds;
      pending += reader.decisions.open + (await reader.countUnread());
      await reader.close();
    }
    const hasEnded = await liveness.hasEnded(join(folder, ownerName(instance)), NEVER_MILLIS, true);
    processes.push({ instance, host: undefined, isAlive: !hasEnded, pending });
  }
  return {
    matomo: matomoOf(await read(join(folder, DESCRIPTION))),
    pending: processes.reduce((sum, { pending }) => sum + pending, 0),
    bytes: await measureSegments(folder),
    oldestSeconds,
    senders: [await readSender(folder, names, processes)],
    processes,
  };
}

/** The process that holds the lease, if it is alive. */
async function readSender(
  folder: string,
  names: readonly string[],
  processes: readonly SpoolProcess[],
): Promise<string | undefined> {
  const lease = names
    .filter((name) => LEASE_NAME.test(name))
    .sort(byName)
    .at(-1);
  if (lease === undefined) return undefined;
  const { pid } = parseObject(await read(join(folder, lease)));
  return processes.find(({ instance, isAlive }) => isAlive && instance.split('-')[1] === `${pid}`)
    ?.instance;
}

/** The text of a file; empty if it cannot be read. */
function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
