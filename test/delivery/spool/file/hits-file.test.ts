import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { HitsFile } from '../../../../src/delivery/spool/file/hits-file.js';
import { toLines } from '../../../../src/delivery/spool/hit-line.js';
import type { JournalEvents } from '../../../../src/delivery/spool/journal.js';
import type { Hit } from '../../../../src/hit/hit.js';
import { temporaryFolder } from '../../../support/spool.js';

const HITS = ['?a=1', '?a=2', '?a=3'].map(
  (query): Hit => ({ site: 1, startSeconds: 1_700_000_000, kind: 'page', visitor: 'v', query }),
);

/** A file of three hits that was taken over, and what it reports. */
async function takenOver(before = '') {
  const path = join(temporaryFolder(), '000001.hits');
  const lines = Buffer.concat([Buffer.from(before), ...toLines(HITS)]);
  writeFileSync(path, lines);
  const reported = { lost: 0, damaged: 0 };
  const nothing = () => undefined;
  const events: JournalEvents = {
    lost: (hits) => {
      reported.lost += hits;
    },
    damaged: (_, hits) => {
      reported.damaged += hits;
    },
    takenOver: nothing,
    foreign: nothing,
    unreadable: nothing,
  };
  const file = new HitsFile(path, events, lines.length);
  await file.count();
  return { path, file, reported };
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
  expect((await file.read()).map(({ query }) => query)).toEqual(['?a=1', '?a=2', '?a=3']);
});

test('hits of a file that is deleted before they are read are lost', async () => {
  const { path, file, reported } = await takenOver();
  expect(file.unread).toBe(3);
  rmSync(path);
  expect(await file.read()).toEqual([]);
  expect(reported).toEqual({ lost: 3, damaged: 0 });
  expect([file.unread, file.open]).toEqual([0, 0]);
});

test('hits of a file that cannot be read at the moment are kept', async () => {
  const { path, file, reported } = await takenOver();
  rmSync(path);
  mkdirSync(path);
  await expect(file.read()).rejects.toThrow();
  expect(reported).toEqual({ lost: 0, damaged: 0 });
  rmSync(path, { recursive: true });
  writeFileSync(path, Buffer.concat(toLines(HITS)));
  expect((await file.read()).map(({ query }) => query)).toEqual(['?a=1', '?a=2', '?a=3']);
  expect(file.unread).toBe(0);
});
