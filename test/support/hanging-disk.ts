import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child-process.js';
import { requires } from './skips.js';
import { temporaryFolder } from './temporary-folder.js';

/** A folder whose disk hangs for the processes that have this environment. Skips the test if there is no C compiler. */
export function createHangingDisk() {
  requires('a C compiler');
  const [folder, own] = [temporaryFolder(), temporaryFolder()];
  const library = join(own, 'hanging-disk.so');
  const source = `${ROOT}test/support/hanging-disk.c`;
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  const file = join(own, 'hangs');
  return {
    folder,
    env: { LD_PRELOAD: library, HANGING_FOLDER: folder, HANGING_WHILE: file },
    hang: () => writeFileSync(file, ''),
    goOn: () => rmSync(file, { force: true }),
  };
}
