import { closeSync, mkdirSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { EXIT_WAITS } from '../../exit/exit-waits.js';

const POLL_MILLIS = 5;

/**
 * Writes to a new file without returning to the event loop. Does not wait for the disk, which may hang: data that the kernel has
 * survives the end of the process. Throws if not all of it can be written, and leaves no file.
 */
export function writeNewFile(folder: string, path: string, data: Buffer): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(path, 'ax', 0o600);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
  } catch (error) {
    unlinkSync(path); // the caller sends these hits
    throw error;
  } finally {
    closeSync(file);
  }
}

/** The size of a file that is being written, once it is `bytes`, or after a limited time. */
export function awaitSize(path: string, bytes: number): number {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + EXIT_WAITS.otherWriteMillis;
  for (;;) {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= bytes || performance.now() >= end) return size;
    Atomics.wait(nobody, 0, 0, POLL_MILLIS);
  }
}
