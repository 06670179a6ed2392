import * as fs from 'node:fs';
import { open, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SharedKeys } from '../common/visitor-keys.js';
import { keepKeys, OPEN_SAFELY, prepareFolder, readOwn } from './folder-setup.js';

/** One operation in the folder, with its arguments. `create` and `append` may write only a part of the data. `append` never creates a file. */
export type FileStep =
  | readonly [operation: 'prepare', matomoUrl: string]
  | readonly [operation: 'share', keys: SharedKeys]
  | readonly [operation: 'list']
  | readonly [operation: 'create' | 'append', name: string, data: Buffer, flush: boolean]
  | readonly [operation: 'sync' | 'read' | 'unlink', name: string]
  | readonly [operation: 'rename', from: string, to: string];

/** A sequence of steps, each of which receives its result. The steps run asynchronously, or synchronously at the event `exit`. */
export type Steps<T> = Generator<FileStep, T, unknown>;

/** Runs steps. */
export interface Files {
  run(step: FileStep): Promise<unknown>;
  /** Runs a step synchronously. */
  runNow(step: FileStep): unknown;
  has(name: string): boolean;
}

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = fs.constants;
const OLD_FILE: number = O_WRONLY | O_APPEND | OPEN_SAFELY;
const NEW_FILE: number = OLD_FILE | O_CREAT | O_EXCL;

/** Creates an object that runs steps in a folder on a disk. At the event `exit`, steps that prepare or read something throw. */
export function filesOf(folder: string): Files {
  const pathOf = (name: string) => join(folder, name);
  return {
    async run(step) {
      const [operation, name] = step;
      switch (operation) {
        case 'prepare':
          return prepareFolder(folder, step[1]);
        case 'share':
          return keepKeys(folder, step[1]);
        case 'list':
          return readdir(folder);
        case 'create':
          return writeFile(pathOf(name), step[2], { flag: NEW_FILE, mode: 0o600, flush: step[3] });
        case 'append':
          return writeFile(pathOf(name), step[2], { flag: OLD_FILE, flush: step[3] });
        case 'sync': {
          const file = await open(pathOf(name), OLD_FILE);
          return file.datasync().finally(() => file.close());
        }
        case 'read':
          return readOwn(pathOf(name));
        case 'unlink':
          return unlink(pathOf(name));
        case 'rename':
          return rename(pathOf(name), pathOf(step[2]));
      }
    },
    runNow(step) {
      switch (step[0]) {
        case 'create':
        case 'append': {
          const flags = step[0] === 'create' ? NEW_FILE : OLD_FILE;
          const file = fs.openSync(pathOf(step[1]), flags, 0o600);
          try {
            return fs.writeFileSync(file, step[2]);
          } finally {
            fs.closeSync(file);
          }
        }
        case 'unlink':
          return fs.unlinkSync(pathOf(step[1]));
        case 'rename':
          return fs.renameSync(pathOf(step[1]), pathOf(step[2]));
        case 'sync':
          return undefined;
        default:
          throw new Error('the process ends');
      }
    },
    has: (name) => fs.existsSync(pathOf(name)),
  };
}
