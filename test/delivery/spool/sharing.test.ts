import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { pending } from '../../support/delivery.js';
import { startRedis } from '../../support/redis-server.js';
import { notSent } from '../../support/scripted-transport.js';
import { spooledDelivery, temporaryFolder } from '../../support/spool.js';

const inFolder = async () => temporaryFolder();
const inRedis = async () => (await startRedis()).url;

test.each([
  ['a folder', inFolder, /\b2 hits\b.*\b3 h\b.*\[hits-taken-over\]$/],
  ['Redis', inRedis, /\b2 hits\b.*\b3 h\b.*\[hits-taken-over\]$/],
])('hits in %s that a process takes over are logged', async (_place, open, line) => {
  const folder = await open();
  const first = spooledDelivery({ folder });
  first.transport.answer(notSent);
  const startSeconds = Date.now() / 1000 - 3 * 3_600;
  for (const name of ['a', 'b']) first.delivery.push(pending({ name, startSeconds }));
  await first.delivery.shutdown(20_000);
  const second = spooledDelivery({ folder });
  await eventually(() => second.delivery.counters.tracked === 2);
  await eventually(() => second.logged.length > 0);
  expect(second.logged).toEqual([expect.stringMatching(line)]);
});
