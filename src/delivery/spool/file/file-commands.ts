import { constants } from 'node:fs';
import { type FileHandle, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isLineSelected, type PurgeFilter } from '../hit-line.js';
import { byName, matomoOf, parseObject } from '../spool-description.js';
import type { SpoolProcess, SpoolStatus } from '../spool-store.js';
import { nothingAcknowledged, readAcknowledgment } from './acknowledgments.js';
import {
  acknowledgmentsBySegment,
  instanceOfOther,
  isOwner,
  isSegment,
  ownerName,
  segmentsByInstance,
} from './file-names.js';
import { LEASE_NAME, Lease } from './lease.js';
import { LivenessMonitor, OWNER_STALE_MILLIS, thisProcess } from './liveness.js';
import { OpenFiles, openOwnFile, unlinkIfThere } from './open-files.js';
import { deleteAcknowledgments } from './segment-deletion.js';
import { SegmentReader } from './segment-reader.js';
import { DESCRIPTION, measureSegments } from './spool-folder.js';

/** No process counts as ended while the status is read. */
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

const POLL_MILLIS = 250;
const LINE_FEED = 10;

/**
 * Deletes the selected hits of a folder, delivered ones included. Returns how many were pending. Rejects if a process uses the folder.
 * In a segment with other pending hits, line feeds replace the lines: then acknowledgments stay valid, also if this process is killed.
 */
export async function purgeFileSpool(folder: string, filter: PurgeFilter): Promise<number> {
  if (!(await readdir(folder)).includes(DESCRIPTION)) throw new Error(`${folder} has no spool`);
  const identity = thisProcess();
  const liveness = new LivenessMonitor(identity);
  await requireNoOwner(folder, liveness);
  const lease = new Lease(folder, identity, liveness);
  if (!(await lease.acquire())) throw inUse(folder);
  try {
    await requireNoOwner(folder, liveness); // a process that has started before
    let purged = 0;
    const names = await readdir(folder);
    const acknowledgments = acknowledgmentsBySegment(names);
    for (const name of names.filter(isSegment)) {
      await lease.touch();
      purged += await purgeSegment(folder, name, acknowledgments.get(name) ?? [], filter);
    }
    return purged;
  } finally {
    await lease.release();
  }
}

function inUse(folder: string): Error {
  return new Error(
    `a process uses the spool ${folder}, so nothing was purged. Stop all processes that use it, and try again`,
  );
}

/** A process that cannot be checked from here counts as ended if its owner file does not change for some time. */
async function requireNoOwner(folder: string, liveness: LivenessMonitor): Promise<void> {
  const paths = (await readdir(folder)).filter(isOwner).map((name) => join(folder, name));
  const touched = () => Promise.all(paths.map((path) => stat(path).then(mtimeOf, () => 0)));
  const before = String(await touched());
  const end = performance.now() + OWNER_STALE_MILLIS + POLL_MILLIS;
  for (;;) {
    const ended = await Promise.all(
      paths.map((path) => liveness.hasEnded(path, OWNER_STALE_MILLIS, true)),
    );
    if (ended.every(Boolean)) return;
    if (String(await touched()) !== before || performance.now() > end) throw inUse(folder);
    await setTimeout(POLL_MILLIS);
  }
}

const mtimeOf = ({ mtimeMs }: { mtimeMs: number }): number => mtimeMs;

/** Returns how many pending hits were deleted. */
async function purgeSegment(
  folder: string,
  name: string,
  acknowledgments: readonly string[],
  filter: PurgeFilter,
): Promise<number> {
  const found = await readAcknowledgment(folder, acknowledgments);
  const { offset, beyond, isFinished } = found ?? nothingAcknowledged();
  const decided = new Set(beyond);
  const isPending = (start: number) => !isFinished && start >= offset && !decided.has(start);
  const file = await openOwnFile(join(folder, name), constants.O_RDWR);
  let purged = 0;
  let left = 0;
  try {
    const data = await file.readFile();
    for (const [start, end] of linesOf(data)) {
      const isSelected = isLineSelected(filter, data.subarray(start, end));
      if (isSelected) await blank(file, start, end);
      if (isPending(start)) isSelected ? purged++ : left++;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  if (left === 0) {
    await unlinkIfThere(join(folder, name));
    await deleteAcknowledgments(folder, name);
  }
  return purged;
}

async function blank(file: FileHandle, start: number, end: number): Promise<void> {
  await file.write(Buffer.alloc(end - start, LINE_FEED), 0, end - start, start);
}

/** Start and end of each line that is not empty. */
function* linesOf(data: Buffer): Generator<[start: number, end: number]> {
  for (let start = 0; start < data.length; ) {
    const found = data.indexOf(LINE_FEED, start);
    const end = found < 0 ? data.length : found;
    if (end > start) yield [start, end];
    start = end + 1;
  }
}
