import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { pending } from '../../support/delivery.js';
import { startRedis } from '../../support/redis-server.js';
import { notSent, processed } from '../../support/scripted-transport.js';
import { spooledDelivery, temporaryFolder } from '../../support/spool.js';

const inFolder = async () => temporaryFolder();
const inRedis = async () => (await startRedis()).url;

/** The fingerprint of a token in a spool. */
async function fingerprintIn(spool: string): Promise<string> {
  if (!spool.includes('://')) return readFileSync(join(spool, 'token.fingerprint'), 'utf8').trim();
  const client = await createClient({ url: spool }).connect();
  const text = await client.get('matomo-spool:token');
  await client.close();
  return String(text);
}

test.each([
  ['another token', 'a folder', inFolder, 'bad', 1],
  ['another token', 'Redis', inRedis, 'bad', 1],
  ['no token', 'a folder', inFolder, undefined, 1],
  ['the same token', 'a folder', inFolder, 'good', 0],
  ['the same token', 'Redis', inRedis, 'good', 0],
])(
  'if Matomo rejects hits of a process with %s in %s, that is logged if the token is another one',
  async (_token, _place, open, tokenAuth, lines) => {
    const folder = await open();
    const first = spooledDelivery({ folder, tokenAuth: 'good' });
    first.push('a');
    await eventually(() => first.delivery.counters.tracked === 1);
    await first.delivery.shutdown(20_000);
    const hmac = createHmac('sha256', 'good').update('opentelemetry-matomo spool').digest('hex');
    expect(await fingerprintIn(folder)).toBe(hmac.slice(0, 8));

    const second = spooledDelivery({ folder, tokenAuth });
    second.transport.answer((sent) => processed(sent, sent));
    second.push('b', 'c');
    await eventually(() => second.transport.bodies.length > 0);
    await second.delivery.shutdown(20_000); // until what was begun has ended
    expect(second.logged.join('').split('[spool-other-token]')).toHaveLength(lines + 1);
    expect(await fingerprintIn(folder)).toBe(hmac.slice(0, 8));
  },
);

test.each([
  ['a folder', inFolder, /\b2 hits\b.*\b3 h\b.*\[hits-taken-over\]$/],
  ['Redis', inRedis, /\b2 hits\b.*\b0 min\b.*\[hits-taken-over\]$/],
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
