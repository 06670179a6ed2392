import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createDeliveryCounters } from '../../../../src/delivery/queue/counters.js';
import {
  type Acknowledgment,
  AcknowledgmentFile,
  readAcknowledgment,
} from '../../../../src/delivery/spool/file/acknowledgments.js';
import { acknowledgmentsBySegment } from '../../../../src/delivery/spool/file/file-names.js';
import { OpenFiles } from '../../../../src/delivery/spool/file/open-files.js';
import { temporaryFolder } from '../../../support/spool.js';

const SEGMENT = '1795176000000-7-01234567-000001.hits';

function decided(tracked: number): Acknowledgment {
  const counts = { ...createDeliveryCounters(), tracked };
  return { offset: tracked * 500, beyond: [], counts, isFinished: false };
}

async function written(lease: number, ...acknowledgments: Acknowledgment[]): Promise<string> {
  const file = new AcknowledgmentFile(folder, SEGMENT, lease, new OpenFiles(1));
  for (const acknowledgment of acknowledgments) await file.write(acknowledgment);
  await file.close();
  return join(folder, `1795176000000-7-01234567-000001.${String(lease).padStart(9, '0')}.ack`);
}

function read(): Promise<Acknowledgment | undefined> {
  return readOf(SEGMENT);
}

function readOf(segment: string): Promise<Acknowledgment | undefined> {
  const names = acknowledgmentsBySegment(readdirSync(folder)).get(segment) ?? [];
  return readAcknowledgment(folder, names);
}

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

test('each decision is a line, and the last one counts', async () => {
  await written(1, decided(1), decided(2), decided(3));
  expect(await read()).toEqual(decided(3));
});

test('an unfinished line leaves what was decided before', async () => {
  appendFileSync(await written(1, decided(1), decided(2)), '{"offset":1500,"bey');
  expect(await read()).toEqual(decided(2));
});

test('of several senders, the one with the most results is right, even if another wrote last', async () => {
  await written(2, decided(5));
  await written(1, decided(4)); // it stood still while it wrote
  await written(3);
  expect(await read()).toEqual(decided(5));
  await written(4, { ...decided(0), isFinished: true });
  expect((await read())?.isFinished).toBe(true);
});

test('acknowledgments of another segment are ignored', async () => {
  await written(1, decided(1));
  expect(await readOf(SEGMENT.replace('01.hits', '02.hits'))).toBeUndefined();
});

test('a file that has grown to 64 KiB is begun anew', async () => {
  const all = Array.from({ length: 1000 }, (_, i) => decided(i));
  expect(JSON.stringify(all).length).toBeGreaterThan(2 * 65_536);
  const path = await written(1, ...all);
  expect(statSync(path).size).toBeLessThanOrEqual(65_536);
  expect(await read()).toEqual(decided(999));
  expect(readdirSync(folder)).toHaveLength(1);
});
