import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countOf } from '../../src/delivery/queue/batch.js';
import { eventually } from '../support/child-process.js';
import { runCli } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';
import { notSent } from '../support/scripted-transport.js';
import { filesIn, type SpooledDelivery, spooledDelivery } from '../support/spool.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const MATOMO = 'https://matomo.test/matomo.php';

test('adds up a spool in a folder', async () => {
  const folder = temporaryFolder();
  await fill(folder);
  const status = await statusOf(folder);
  expect(status).toMatchObject({ spool: folder, matomo: MATOMO, pending: 5 });
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
  expect(status).toMatchObject({ spool: url, matomo: MATOMO, pending: 5 });
  expect(status.processes.map(({ pending }) => pending).sort((a, b) => a - b)).toEqual([2, 3]);
  expect(status.bytes).toBeGreaterThan(100);
  await first.delivery.shutdown(100);
  const after = await statusOf(url);
  expect(after.pending).toBe(5); // the other may have taken over meanwhile
});

test.each(['http://u:secret@spool.example', 'redis//u:secret/x@spool.example'])(
  'of an invalid variable, %s, the message has the reason only, because nothing is ignored',
  async (place) => {
    const before = readdirSync('.');
    const { code, stderr } = await runCli(['spool', 'status'], { MATOMO_SPOOL: place });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^opentelemetry-matomo: MATOMO_SPOOL must be .*spool\.example"\n$/);
    expect(stderr).not.toContain('secret');
    expect(readdirSync('.')).toEqual(before);
  },
);

test('purges hits of a user, and says how many were pending', async () => {
  const folder = temporaryFolder();
  const { delivery, transport, push } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a&uid=max%40example.org', 'b');
  await eventually(() => delivery.spooled === 2);
  const purge = () =>
    runCli(['spool', 'purge', '--user', 'max@example.org'], { MATOMO_SPOOL: folder });
  const refused = await purge();
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('Stop all processes');
  await delivery.shutdown(0);
  await eventually(() => filesIn(folder, 'alive').length === 0);
  expect(await purge()).toMatchObject({ code: 0, stdout: `${folder}: 1 hit purged\n` });
  expect(await statusOf(folder)).toMatchObject({ pending: 1 });
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
  // On a busy machine, Redis may take longer for a reply than a command waits.
  const run = (...args: string[]) =>
    eventually(async () => {
      const ended = await runCli(['spool', 'status', ...args], env);
      return (ended.code === 0 || !/no answer in/.test(ended.stderr)) && ended;
    });
  const json = await run('--json');
  const text = await run();
  expect(json.stderr).toBe('');
  expect(json.stdout + text.stdout).not.toContain('secret');
  const status = JSON.parse(json.stdout) as Status;
  expect(text.stdout).toContain(`pending  ${countOf(status.pending)}\n`);
  return status;
}
