import { readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { writeNewFile } from '../../../../src/delivery/spool/file/segment-writer.js';
import { temporaryFolder } from '../../../support/spool.js';

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<{ writeSync: typeof writeSync }>();
  return { ...fs, writeSync: vi.fn(fs.writeSync) };
});

test('a disk that becomes full during the last write of a process leaves no file, because its hits are sent instead', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'new.hits');
  const { writeSync: write } = await vi.importActual<typeof import('node:fs')>('node:fs');
  const writeStart = (file: number, data: Buffer) => write(file, data, 0, 5);
  vi.mocked(writeSync)
    .mockImplementationOnce(writeStart as typeof writeSync)
    .mockImplementationOnce(() => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
  expect(() => writeNewFile(folder, path, Buffer.from('one\ntwo\n'))).toThrow('no space');
  expect(readdirSync(folder)).toEqual([]);
  writeNewFile(folder, path, Buffer.from('one\ntwo\n'));
  expect(readdirSync(folder)).toEqual(['new.hits']);
});
