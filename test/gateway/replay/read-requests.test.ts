import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createSelection } from '../../../src/gateway/otlp/read-export.js';
import { readRequests } from '../../../src/gateway/replay/read-requests.js';
import { exportRequest, requestSpan } from '../../support/otlp-spans.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const selection = createSelection({}, { userIdAttribute: undefined });
const LINES = Array.from({ length: 100 }, (_, i) => `no JSON ${i * 7919}`).join('\n');

const onUnused = () => undefined;

const newCounts = () => ({ spans: 0, unreadable: 0, rejected: 0 });

/** Reads a file that has no spans. */
async function readAll(file: string, counts = newCounts()): Promise<number> {
  const { signal } = new AbortController();
  for await (const request of readRequests(file, { selection, counts, onUnused, signal }))
    expect.fail(String(request));
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

test('a line that is too long is counted as not readable, and is not kept in memory', async () => {
  const file = join(temporaryFolder(), 'spans.jsonl');
  const spans = (path: string, text = '') => exportRequest([requestSpan(path, {}, { text })]);
  const lines = [spans('/a'), spans('/long', 'x'.repeat(300_000)), spans('/b')];
  writeFileSync(file, lines.join('\n'));
  const counts = newCounts();
  const { signal } = new AbortController();
  const read = { selection, counts, onUnused, signal, maxLineBytes: 100_000 };
  const paths: unknown[] = [];
  for await (const { root } of readRequests(file, read)) paths.push(root.attributes['url.path']);
  expect([paths, counts.unreadable]).toEqual([['/a', '/b'], 1]);
});

test('a file without spans, too, is read only until an interruption', async () => {
  const file = join(temporaryFolder(), 'spans.jsonl');
  const lines = 2000;
  writeFileSync(file, `${'x'.repeat(1000)}\n`.repeat(lines));
  const interrupt = new AbortController();
  let unreadable = 0;
  const counts = {
    ...newCounts(),
    get unreadable() {
      return unreadable;
    },
    set unreadable(count) {
      unreadable = count;
      interrupt.abort();
    },
  };
  const read = { selection, counts, onUnused, signal: interrupt.signal };
  for await (const request of readRequests(file, read)) expect.fail(String(request));
  expect(unreadable).toBeGreaterThan(0);
  expect(unreadable).toBeLessThan(lines / 2);
});
