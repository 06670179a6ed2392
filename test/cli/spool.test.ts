import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually, runNode } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';
import { notSent } from '../support/scripted-transport.js';
import {
  filesIn,
  type SpooledDelivery,
  spooledDelivery,
  temporaryFolder,
} from '../support/spool.js';

test('adds up a spool in a folder', async () => {
  const folder = temporaryFolder();
  await fill(folder);
  const status = await statusOf(folder);
  expect(status).toMatchObject({
    spool: folder,
    matomo: 'https://matomo.test/matomo.php',
    pending: 5,
  });
  const processes = status.processes.map(({ pending, isAlive }) => [pending, isAlive]);
  expect(processes.sort()).toEqual([
    [2, true],
    [3, true],
  ]);
  expect(status.bytes).toBeGreaterThan(100);
  expect(Math.abs(Date.now() / 1000 - status.oldestSeconds)).toBeLessThan(60);
  expect(filesIn(folder, '.hits')).toHaveLength(2);
});

test('adds up a spool in Redis', async () => {
  const { url } = await startRedis();
  const [first] = await fill(url);
  const status = await statusOf(url.replace('//', '//default:secret@'));
  expect(status).toMatchObject({
    spool: url,
    matomo: 'https://matomo.test/matomo.php',
    pending: 5,
  });
  expect(status.processes.map(({ pending }) => pending).sort((a, b) => a - b)).toEqual([2, 3]);
  expect(status.bytes).toBeGreaterThan(100);
  await first.delivery.shutdown(100);
  const after = await statusOf(url);
  expect(after.pending).toBe(5); // the other may have taken over meanwhile
});

describe('a spool that cannot be looked at', () => {
  test.each([
    ['no spool is named', {}, 'MATOMO_SPOOL'],
    ['there is no folder', { MATOMO_SPOOL: '/nowhere/at/all' }, 'ENOENT'],
    ['there is no Redis', { MATOMO_SPOOL: 'redis://u:secret@127.0.0.1:1' }, 'ECONNREFUSED'],
  ])('%s', async (_what, env, expected) => {
    const { code, stderr } = await runNode([MAIN, 'spool', 'status'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('secret');
  });

  test.each(['http://u:secret@spool.example', 'redis//u:secret/x@spool.example'])(
    'its variable is invalid, %s: the message has the reason only, because nothing is ignored',
    async (place) => {
      const cwd = temporaryFolder();
      const options = { env: { MATOMO_SPOOL: place }, cwd };
      const { code, stderr } = await runNode([resolve(MAIN), 'spool', 'status'], options);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^opentelemetry-matomo: MATOMO_SPOOL must be .*spool\.example"\n$/);
      expect(stderr).not.toContain('secret');
      expect(readdirSync(cwd)).toEqual([]);
    },
  );
});

test('purges hits of a user, and says how many were pending', async () => {
  const folder = temporaryFolder();
  const { delivery, transport, push } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a&uid=max%40example.org', 'b');
  await eventually(() => delivery.spooled === 2);
  const env = { MATOMO_SPOOL: folder };
  const args = [MAIN, 'spool', 'purge', '--user', 'max@example.org'];
  const refused = await runNode(args, { env });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('Stop all processes');
  await delivery.shutdown(0);
  const { stdout, code } = await runNode(args, { env });
  expect([stdout, code]).toEqual([`${folder}: 1 hit purged\n`, 0]);
});

test.each([
  [['purge'], '--all'],
  [['purge', '--all', '--user', 'max'], 'only one'],
  [['purge', '--user', ''], 'need an ID'],
  [['purge', '--before', 'yesterday'], '2026-01-31'],
  [['purge', '--before', '2026-02-31'], '2026-01-31'],
  [['purge', '--before', '2027-02-29T12:00:00+01:00'], '2026-01-31'],
  [['status', '--all'], 'none of them'],
])('rejects spool %j', async (args, expected) => {
  const env = { MATOMO_SPOOL: '/nowhere/at/all' };
  const { code, stderr } = await runNode([MAIN, 'spool', ...args], { env });
  expect(code).toBe(2);
  expect(stderr).toContain(expected);
});

/** Two processes with 2 and 3 hits that Matomo does not take. */
async function fill(folder: string): Promise<[SpooledDelivery, SpooledDelivery]> {
  const both = [spooledDelivery({ folder }), spooledDelivery({ folder })] as const;
  for (const { transport } of both) transport.answer(notSent);
  both[0].push('a', 'b');
  both[1].push('c', 'd', 'e');
  await eventually(() => both[0].delivery.spooled === 2 && both[1].delivery.spooled === 3);
  return [...both];
}

interface Status {
  readonly bytes: number;
  readonly pending: number;
  readonly oldestSeconds: number;
  readonly processes: readonly { instance: string; isAlive: boolean; pending: number }[];
}

async function statusOf(place: string): Promise<Status> {
  const env = { MATOMO_SPOOL: place };
  const json = await runNode([MAIN, 'spool', 'status', '--json'], { env });
  const text = await runNode([MAIN, 'spool', 'status'], { env });
  expect(json.stderr).toBe('');
  expect(json.stdout + text.stdout).not.toContain('secret');
  const status = JSON.parse(json.stdout) as Status;
  expect(text.stdout).toContain(`pending  ${status.pending} hits`);
  return status;
}
