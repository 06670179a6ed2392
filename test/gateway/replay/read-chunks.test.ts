import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readChunks } from '../../../src/gateway/replay/read-chunks.js';
import { temporaryFolder } from '../../support/spool.js';

/** The lines here have no spans. */
const SELECTION = {} as never;
const LINES = Array.from({ length: 100 }, (_, i) => `no JSON ${i * 7919}`).join('\n');

async function readAll(file: string): Promise<number> {
  let unreadable = 0;
  for await (const chunk of readChunks(file, 0, SELECTION)) unreadable += chunk.unreadable;
  return unreadable;
}

const FILES: Readonly<Record<string, (file: string) => void>> = {
  missing: () => undefined,
  'a folder': (file) => mkdirSync(file),
};

test.each([
  ['missing', 'spans.jsonl', 'ENOENT'],
  ['missing', 'spans.jsonl.gz', 'ENOENT'],
  ['a folder', 'spans.jsonl', 'EISDIR'],
  ['a folder', 'spans.jsonl.gz', 'EISDIR'],
])('a file that is %s (%s) is named with %s', async (what, name, code) => {
  const file = join(temporaryFolder(), name);
  FILES[what]?.(file);
  await expect(readAll(file)).rejects.toThrow(`${JSON.stringify(file)} cannot be read: ${code}`);
});

test('a compressed file that is corrupt, or was cut while it was read, is named', async () => {
  const file = join(temporaryFolder(), 'spans.jsonl.gz');
  const bytes = gzipSync(LINES);
  writeFileSync(file, bytes);
  expect(await readAll(file)).toBe(100);
  for (const [content, reason] of [
    [Buffer.from(LINES), 'incorrect header check'],
    [bytes.subarray(0, -20), 'unexpected end of file'],
  ] as const) {
    writeFileSync(file, content);
    await expect(readAll(file)).rejects.toThrow(`cannot be read: ${reason}`);
  }
});
