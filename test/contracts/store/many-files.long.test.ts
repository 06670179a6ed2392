import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { openFolderSpool } from '../doors/folder-store.js';

const LINE = '1800000000 action 1 - c v ?idsite=1\n';
const PATIENCE = { timeoutMillis: 120_000 };

test('20,000 files: names are listed so rarely that it takes a small part of the time', async () => {
  const place = temporaryFolder();
  mkdirSync(place, { recursive: true });
  const { spool } = await openFolderSpool({ place });
  await spool.claim(1);
  const now = Date.now();
  for (let i = 0; i < 20_000; i++)
    writeFileSync(join(place, `${now - i}-0123abcd-${i}-token.1-60.hits`), LINE);
  const listing = process.cpuUsage();
  readdirSync(place);
  const { user, system } = process.cpuUsage(listing);
  const listMicros = user + system;
  await eventually(async () => {
    await (await spool.claim(1))?.done({}, []);
    return spool.hits > 19_000;
  }, PATIENCE);
  // With each look, each time would cost more than reading the names.
  const looks = 1_000;
  const before = process.cpuUsage();
  for (let i = 0; i < looks; i++) {
    await (await spool.claim(1))?.done({}, []);
    await wait(1);
  }
  const used = process.cpuUsage(before);
  expect(used.user + used.system).toBeLessThan((looks * listMicros) / 5);
});
