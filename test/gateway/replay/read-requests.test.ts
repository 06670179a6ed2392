import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readRequests } from '../../../src/gateway/replay/read-requests.js';
import { temporaryFolder } from '../../support/spool.js';

/** The lines here have no spans. */
const SELECTION = {} as never;
const LINES = Array.from({ length: 100 }, (_, i) => `no JSON ${i * 7919}`).join('\n');

async function readAll(file: string): Promise<number> {
  const counts = { spans: 0, unreadable: 0, rejected: 0 };
  for await (const request of readRequests(file, SELECTION, counts)) expect.fail(String(request));
  return counts.unreadable;
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
