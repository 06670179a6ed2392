import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';

/** How long a write that is under way may take to get on. Another thread does it. */
const PATIENCE_MILLIS = 250;
const LOOK_MILLIS = 5;

/**
 * Writes to a new file without giving the event loop a turn. Nothing waits for the disk: what the kernel has been given survives the
 * end of the process, and a disk may hang.
 */
export function writeNewFile(folder: string, path: string, data: Buffer): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(path, 'ax', 0o600);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
  } finally {
    closeSync(file);
  }
}

/** The size of a file to which a write is under way, as soon as it is `bytes` or does not grow in time. */
export function awaitSize(path: string, bytes: number): number {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + PATIENCE_MILLIS;
  for (;;) {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= bytes || performance.now() >= end) return size;
    Atomics.wait(nobody, 0, 0, LOOK_MILLIS);
  }
}
