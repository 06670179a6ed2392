import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Inspector } from '../../../src/inspector/index.js';
import { eventually } from '../../support/child-process.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { sorted } from '../../support/sorted.js';
import { letFilesAge, linesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { startExample } from './examples.js';

test('each worker sends its own hits, and when one of them is killed nothing is lost', async () => {
  const folder = join(temporaryFolder(), 'spool');
  const proxy = await startFaultProxy();
  const { server, inspector } = await startExample('cluster-with-spool', {
    MATOMO_URL: proxy.url,
    MATOMO_SPOOL: folder,
    MATOMO_SCHEDULE_DELAY: '200',
    MATOMO_SHUTDOWN_TIMEOUT: '30000',
    MATOMO_RESEND_UNCONFIRMED: 'true', // what the victim was sending is not lost
  });
  proxy.forwardTo(inspector.url);

  const workers = await eventually(async () => {
    const pids = new Set([await ask(server.url, 'first'), await ask(server.url, 'second')]);
    return pids.size === 2 && pids;
  });
  const before = names('before');
  for (const name of before) await ask(server.url, name);
  await eventually(() => before.every((name) => tracked(inspector).includes(name)));

  inspector.play({ status: 503 });
  const during = names('during');
  for (const name of during) await ask(server.url, name);
  await eventually(() => during.every((name) => isOnDisk(folder, name)));
  const [victim] = workers;
  process.kill(victim as number, 'SIGKILL');
  // Until the primary has seen the end of the victim, it hands connections to it.
  await eventually(() => hasEnded(victim as number));
  letFilesAge(folder);
  // A bulk that the victim had in flight is refused by then: accepted, it would be sent again.
  await eventually(async () => !workers.has(await ask(server.url, 'next')));
  inspector.play();

  await eventually(() => during.every((name) => tracked(inspector).includes(name)));
  await eventually(async () => !workers.has(await ask(server.url, 'last')));
  // If both workers end at once, what one of them has just stored may be left for the next start.
  await eventually(async () => (await countPending(folder)) === 0);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const hits = tracked(inspector).filter((name) => /^(?:before|during)-/.test(name));
  expect(sorted(hits)).toEqual(sorted([...before, ...during]));
});

/** Resolves to the pid of the worker that answered. */
async function ask(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/users/${name}`, { headers: { connection: 'close' } });
  return ((await response.json()) as { worker: number }).worker;
}

async function countPending(folder: string): Promise<number> {
  return linesIn(folder).length;
}

function hasEnded(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}

function names(prefix: string): string[] {
  return Array.from({ length: 20 }, (_, index) => `${prefix}-${index}`);
}

function tracked(inspector: Inspector): string[] {
  return inspector.hits().map(({ stored }) => stored?.url?.split('/').at(-1) ?? '');
}

function isOnDisk(folder: string, name: string): boolean {
  return linesIn(folder).some((line) => line.includes(`/${name}&`));
}
