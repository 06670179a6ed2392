import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { HitsFile, readLines } from '../../../../src/delivery/spool/file/hits-file.js';
import { readLine, toLines } from '../../../../src/delivery/spool/hit-line.js';
import type { JournalHit } from '../../../../src/delivery/spool/journal.js';
import type { Hit } from '../../../../src/hit/hit.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const HITS = ['?a=1', '?a=2', '?a=3'].map(
  (query): Hit => ({ site: 1, startSeconds: 1_700_000_000, kind: 'page', visitor: 'v', query }),
);

/** A file of three hits that was taken over. */
async function takenOver(before = '') {
  const path = join(temporaryFolder(), '000001.hits');
  const lines = Buffer.concat([Buffer.from(before), ...toLines(HITS)]);
  writeFileSync(path, lines);
  const file = new HitsFile(path, lines.length);
  await file.count();
  return { path, file };
}

/** The queries of the next hits, and how many have vanished. */
async function readNext(file: HitsFile) {
  const { lines, lost } = await file.read();
  return [lines.flatMap(({ line }) => readLine(line)?.query ?? []), lost];
}

/** A whole line with a kind of hits that only a newer version knows. */
function lineOfUnknownKind(): string {
  const text = '1700000000 future 1 v ?a=0';
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
}

test.each([
  ['damaged', 'damaged\n'],
  ['of an unknown kind', lineOfUnknownKind()],
])('a first line that is %s does not count as a hit of 1970', async (_, line) => {
  const { file } = await takenOver(line);
  expect(file.startSeconds).toBe(1_700_000_000);
  expect(await readNext(file)).toEqual([['?a=1', '?a=2', '?a=3'], 0]);
});

test('hits of a file that is deleted before they are read are lost', async () => {
  const { path, file } = await takenOver();
  expect(file.unread).toBe(3);
  rmSync(path);
  expect(await readNext(file)).toEqual([[], 3]);
  expect([file.unread, file.open]).toEqual([0, 0]);
});

test('hits of a file that cannot be read at the moment are kept', async () => {
  const { path, file } = await takenOver();
  rmSync(path);
  mkdirSync(path);
  await expect(file.read()).rejects.toThrow();
  rmSync(path, { recursive: true });
  writeFileSync(path, Buffer.concat(toLines(HITS)));
  expect(await readNext(file)).toEqual([['?a=1', '?a=2', '?a=3'], 0]);
  expect(file.unread).toBe(0);
});

test('a file stays while hits may be appended to it, although all that it has have a result', async () => {
  const path = join(temporaryFolder(), '000001.hits');
  const file = new HitsFile(path);
  const append = (hit: Hit): readonly JournalHit[] => {
    const [line = Buffer.alloc(0)] = toLines([hit]);
    appendFileSync(path, line);
    return file.append([{ hit, line }], true);
  };
  await file.markDecided(append(HITS[0] as Hit));
  const last = append(HITS[1] as Hit);
  const states = (await readLines(path)).map(({ state }) => state);
  expect(states).toEqual(['decided', 'pending']);
  await file.finish();
  await file.markDecided(last);
  expect(existsSync(path)).toBe(false);
});
