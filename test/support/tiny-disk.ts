import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { requires, skipTest } from './skips.js';
import { temporaryFolder } from './temporary-folder.js';

const PAGE_BYTES = 4096;
/** As anybody, where the machine lets users have namespaces; else as root. */
const WAYS = [
  { unshare: ['-Urm'], nsenter: ['-U', '-m', '--preserve-credentials'] },
  { unshare: ['-m'], nsenter: ['-m'] },
];

/** Mounts one until the test has finished. Skips the test if that cannot be done on this machine. */
export async function mountTinyDisk(kibibytes: number) {
  requires('unshare');
  const folder = temporaryFolder();
  const mount = `mount -t tmpfs -o size=${kibibytes}k,mode=700 spool "$0" && echo mounted && exec cat`;
  const reasons: string[] = [];
  for (const { unshare, nsenter } of WAYS) {
    const holder = spawn('unshare', [...unshare, 'sh', '-c', mount, folder]);
    let reason = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => {
      reason += text;
    });
    const ended = once(holder, 'close').then(
      () => false,
      (error) => {
        reason += String(error);
        return false;
      },
    );
    const isMounted = await Promise.race([once(holder.stdout, 'data').then(() => true), ended]);
    if (!isMounted) {
      reasons.push(`unshare ${unshare.join(' ')}: ${reason.trim()}`);
      continue;
    }
    onTestFinished(async () => {
      holder.kill('SIGKILL');
      await ended;
    });
    const outside = `/proc/${holder.pid}/root${folder}`;
    const filler = join(outside, 'filler');
    const enter = ['-t', String(holder.pid), ...nsenter];
    return {
      folder: outside,
      fill: () => fill(filler),
      makeRoom: () => rmSync(filler),
      /** Nothing must be open for writing. */
      setReadOnly(isReadOnly: boolean) {
        const options = `remount,${isReadOnly ? 'ro' : 'rw'}`;
        execFileSync('nsenter', [...enter, 'mount', '-o', options, folder]);
      },
    };
  }
  skipTest(`No disk can be mounted here: ${reasons.join('; ')}`, 'unshare');
  throw new Error('outside of a test');
}

function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, Buffer.alloc(PAGE_BYTES));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
