import { expect, test } from 'vitest';
import { readLine, toLines } from '../../../../src/delivery/spool/hit-line.js';
import { JOURNAL_TIMES } from '../../../../src/delivery/spool/journal.js';
import { RedisConnection } from '../../../../src/delivery/spool/redis/redis-connection.js';
import { RedisJournal } from '../../../../src/delivery/spool/redis/redis-journal.js';
import type { Hit } from '../../../../src/hit/hit.js';
import { startRedis } from '../../../support/redis-server.js';

test('a hit that is stored while older ones turn out to be gone is not counted as lost with them', async () => {
  const redis = await startRedis();
  const connection = new RedisConnection(redis.url);
  await connection.open();
  const onTakenOver = () => undefined;
  const options = { connection, hasToken: true, times: JOURNAL_TIMES, onTakenOver };
  const journal = await RedisJournal.create(options);
  const append = (...queries: string[]) => journal.append(linesOf(queries), false);
  await append('?a', '?b');
  const [stream] = journal.segments;
  await redis.command('XTRIM', stream?.name ?? '', 'MAXLEN', '0');
  const [read] = await Promise.all([stream?.read(), append('?c')]);
  expect([read, stream?.unread]).toEqual([{ lines: [], lost: 2 }, 1]);
  expect((await stream?.read())?.lines.map(({ line }) => readLine(line)?.query)).toEqual(['?c']);
  connection.close();
});

function linesOf(queries: readonly string[]) {
  const hits = queries.map(
    (query): Hit => ({ site: 1, startSeconds: 1_700_000_000, kind: 'page', visitor: 'v', query }),
  );
  return toLines(hits).map((line, i) => ({ hit: hits[i] as Hit, line }));
}
