import { expect, test } from 'vitest';
import { RedisConnection } from '../../../../src/delivery/spool/redis-connection.js';
import { startRedis } from '../../../support/redis-server.js';

test('all commands that a hanging Redis leaves without a reply fail together, and the first says why', async () => {
  const redis = await startRedis();
  const connection = new RedisConnection(redis.url);
  await connection.open();
  redis.signal('SIGSTOP');
  const replies = await Promise.allSettled([connection.send('PING'), connection.send('PING')]);
  redis.signal('SIGCONT');
  expect(replies).toMatchObject([
    { reason: { message: 'no answer in 1000 ms' } },
    { status: 'rejected' },
  ]);
  connection.close();
});
