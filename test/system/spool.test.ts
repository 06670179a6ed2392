import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import { eventually } from '../support/child-process.js';
import { captureOutput } from '../support/output.js';
import { linesIn } from '../support/spool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startTracedService } from '../support/traced-service.js';

test('a hit is on disk long before its batch is due', async () => {
  const folder = temporaryFolder();
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    spool: folder,
    scheduledDelayMillis: 60_000,
  });
  for (const path of ['/a', '/b']) {
    const stored = linesIn(folder).length;
    await service.fetch(path);
    await eventually(() => linesIn(folder).length > stored);
  }
  await eventually(() => service.processor.stats().stored === 2);
  expect(service.processor.stats()).toMatchObject({ hits: 2, pending: 0 });
  expect((await service.hits()).map(({ stored }) => stored?.title)).toEqual(['GET /a', 'GET /b']);
  expect(service.processor.stats()).toMatchObject({ pending: 0, claimed: 2, tracked: 2 });
});

test('with a file spool an additional hit is on disk while its request goes on', async () => {
  const folder = temporaryFolder();
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('stream', 'begun');
      response.write('first');
      end = () => response.end();
    },
    { spool: folder, scheduledDelayMillis: 60_000, maxExportBatchSize: 4 },
  );
  const answer = service.fetch('/');
  await eventually(() => linesIn(folder).length === 1);
  expect(linesIn(folder)[0]).toMatch(/ action 1 [\da-f]{16} \?idsite=1&.*e_c=stream/);
  end?.();
  await answer;
  await eventually(() => service.processor.stats().stored === 2);
  // It is in the spool before the page view, and in the bulk after it.
  const hits = (await service.hits()).map(({ params }) => params.e_a ?? params.action_name);
  expect(hits).toEqual(['GET /', 'begun']);
});

test('a request that is taken back in time is not spooled', async () => {
  const folder = temporaryFolder();
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    spool: folder,
    beforeSend: () => null,
  });
  await service.fetch('/');
  await eventually(() => service.processor.stats().ignored.predicate === 1);
  expect(linesIn(folder)).toEqual([]);
  expect(service.processor.stats()).toMatchObject({ hits: 0, pending: 0 });
});

test('a flush at once waits until the spool is there, and counts what was stored and sent', async () => {
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    spool: temporaryFolder(),
  });
  await service.fetch('/first');
  expect((await service.hits()).map(({ stored }) => stored?.title)).toEqual(['GET /first']);
  expect(service.processor.stats()).toMatchObject({ hits: 1, tracked: 1, pending: 0 });
});

test('where the spool cannot be opened that is said, and hits leave from memory', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const said = captureOutput();
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    spool: join(file, 'spool'),
    scheduledDelayMillis: 100,
  });
  await service.fetch('/early');
  await eventually(() => service.processor.stats().tracked === 1);
  await service.fetch('/late');
  expect(await service.hits()).toHaveLength(2);
  expect(service.processor.stats()).toMatchObject({ hits: 2, tracked: 2, pending: 0 });
  expect(said).toEqual([expect.stringMatching(/ENOTDIR.*\[spool-not-used\]\n$/)]);
});
