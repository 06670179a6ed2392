import { expect, test } from 'vitest';
import { trackEvent } from '../../../src/index.js';
import { startRedis } from '../../support/redis-server.js';
import { linesIn, temporaryFolder } from '../../support/spool.js';
import { startTracedService, until } from '../../support/traced-service.js';

const SPOOLED = { scheduledDelayMillis: 60_000, maxExportBatchSize: 4 };

test.each(['file', 'redis'])(
  'through a %s spool: the page view, its further hits, the next request; bulks of maxExportBatchSize',
  async (kind) => {
    const spool = kind === 'file' ? temporaryFolder() : (await startRedis()).url;
    const service = await startTracedService(
      (request, response) => {
        for (let i = 0; i < 3; i++) trackEvent(request.url ?? '', String(i + 1));
        response.end('ok');
      },
      { ...SPOOLED, spool },
    );
    for (const path of ['/one', '/two', '/three']) await service.fetch(path);
    await until(() => {
      const { spooled, tracked } = service.processor.stats();
      return spooled + tracked === 12; // a slow machine has sent a bulk before the last hit is stored
    });
    const seen = (await service.hits()).map(({ params }) =>
      params.e_c ? `${params.e_c} ${params.e_a}` : params.action_name,
    );
    const of = (n: string) => [`GET /${n}`, ...[1, 2, 3].map((i) => `/${n} ${i}`)];
    expect(seen).toEqual([...of('one'), ...of('two'), ...of('three')]);
    expect(service.processor.stats()).toMatchObject({
      hits: 12,
      furtherHits: 9,
      tracked: 12,
      pending: 0,
      spooled: 0,
    });
  },
);

test('with a file spool a further hit is on disk while its request goes on', async () => {
  const folder = temporaryFolder();
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('stream', 'begun');
      response.write('first');
      end = () => response.end();
    },
    { ...SPOOLED, spool: folder },
  );
  const answer = service.fetch('/');
  await until(() => linesIn(folder).length === 1);
  expect(linesIn(folder)[0]).toMatch(/ page 1 [\da-f]{16} \?idsite=1&.*e_c=stream/);
  end?.();
  await answer;
  await until(() => service.processor.stats().spooled === 2);
  // It is in the spool before the page view, and in the bulk after it.
  const hits = (await service.hits()).map(({ params }) => params.e_a ?? params.action_name);
  expect(hits).toEqual(['GET /', 'begun']);
});
