import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startBulkReceiver } from '../../support/bulk-receiver.js';
import { eventually, type Server, startServer } from '../../support/child-process.js';
import { freePort } from '../../support/free-port.js';
import { createHangingDisk } from '../../support/hanging-disk.js';
import { startRedis, startWire } from '../../support/redis-server.js';
import { get, REGISTER } from '../../support/registered-app.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { together } from '../../support/together.js';
import { namesInFolder, namesInRedis } from './run-row.js';

// A process handles four requests and ends. Before the third, what stores its hits begins to hang, or is gone; of hits in memory, Matomo is.

const PLACES = ['memory', 'folder', 'redis'] as const;
const STATES = ['healthy', 'hanging', 'gone'] as const;
/** By their names in `doors/end/ways.cjs`. */
const WAYS = ['no handler', 'exit in a handler', 'uncaught error', 'empty event loop'] as const;

/** Time is up if Matomo hangs. If a spool does, hits are sent from memory after a third of it, also on a busy machine. */
const budgetOf = ({ place, state }: Cell) =>
  place === 'memory' && state !== 'healthy' ? 3_000 : 30_000;
/** Two processes are compared, of which a busy machine may delay one. */
const NOISE_MILLIS = 3_000;
const PATIENCE = { timeoutMillis: 120_000 };

interface Cell {
  readonly place: (typeof PLACES)[number];
  readonly state: (typeof STATES)[number];
  readonly way: (typeof WAYS)[number];
}

const EXITS = {
  'no handler': { code: null, signal: 'SIGTERM' },
  'exit in a handler': { code: 3, signal: null },
  'uncaught error': { code: 1, signal: null },
  'empty event loop': { code: 0, signal: null },
};

/** Where a process stores its hits. With `goOn`, the disk or Redis works again; nothing that is gone comes back. */
async function openPlace(place: Cell['place']) {
  if (place === 'memory') {
    const nothing = () => undefined;
    const env: Readonly<Record<string, string>> = {};
    const names = async (): Promise<string[]> => [];
    return { env, hang: nothing, remove: nothing, goOn: nothing, names };
  }
  if (place === 'redis') {
    const redis = await startRedis();
    return {
      env: { MATOMO_SPOOL: redis.url },
      hang: () => redis.signal('SIGSTOP'),
      remove: () => redis.kill(),
      goOn: () => redis.signal('SIGCONT'),
      names: () => namesInRedis(redis),
    };
  }
  const { folder, env, hang, goOn } = createHangingDisk();
  return {
    env: { ...env, MATOMO_SPOOL: folder },
    hang,
    remove() {
      rmSync(folder, { recursive: true });
      writeFileSync(folder, '');
    },
    goOn,
    names: async () => namesInFolder(folder),
  };
}

/** Runs a process. Returns its end, what became of its hits, and how long its end has taken. */
async function run({ place, state, way }: Cell) {
  const matomo = await startBulkReceiver();
  const store = await openPlace(place);
  const isMatomoGone = place === 'memory' && state === 'gone';
  if (place === 'memory' && state === 'hanging') matomo.play({ delayMillis: 3_600_000 });
  const env = {
    MATOMO_URL: isMatomoGone ? `http://127.0.0.1:${await freePort()}` : matomo.url,
    MATOMO_SITE_ID: '1',
    MATOMO_SCHEDULE_DELAY: '3600000',
    MATOMO_SHUTDOWN_TIMEOUT: String(budgetOf({ place, state, way })),
    MATOMO_STATS_INTERVAL: '3600000',
    END: way,
    ...store.env,
  };
  const app = await startServer([...REGISTER, 'test/contracts/doors/end/app.cjs'], { env });
  for (const name of ['a', 'b']) await get(`${app.url}/${name}`);
  if (place !== 'memory') await eventually(async () => (await store.names()).length === 2);
  if (state === 'hanging') store.hang();
  if (state === 'gone') await store.remove();
  await get(`${app.url}/c`);
  // Before the disk counts as hanging, the end waits for it, too.
  if (mayWait({ place, state, way }))
    await eventually(() => app.stderr().includes('[spool-not-written]'), PATIENCE);
  const startMillis = performance.now();
  await get(`${app.url}/end`);
  if (way === 'no handler') app.kill('SIGTERM');
  const exit = await Promise.race([
    app.ended,
    // Node.js itself waits for a disk that hangs.
    ...(mayWait({ place, state, way }) ? [canGoOn(app, way).then(store.goOn)] : []),
  ]);
  const ended = await app.exit();
  const tookMillis = exit ? performance.now() - startMillis : 0;
  store.goOn();
  await eventually(matomo.isQuiet);
  const left = state === 'gone' ? [] : await store.names();
  const codes = [...app.stderr().matchAll(/\[([a-z-]+)\]\n/g)].map(([, code]) => code);
  return {
    exit: ended,
    tookMillis,
    tracked: sorted(matomo.tracked()),
    left: sorted(left),
    stats: statsOf(app),
    codes: codes.filter((code) => code !== 'stats'),
  };
}

/** The last line of a process is that of its counts. */
const hasCounted = ({ stderr }: Server) => eventually(() => stderr().includes('[stats]'), PATIENCE);

/** With an empty event loop, Node.js waits before anything else runs. */
async function canGoOn(app: Server, way: Cell['way']): Promise<void> {
  if (way !== 'empty event loop') await hasCounted(app);
}

function mayWait({ place, state, way }: Cell): boolean {
  return place === 'folder' && state === 'hanging' && way !== 'no handler';
}

/** What the last line of counts says. */
function statsOf({ stderr }: Server) {
  const lines = stderr().match(/^.*\[stats\]$/gm) ?? [];
  return JSON.parse(/\{.*\}/.exec(lines.at(-1) ?? '')?.[0] ?? 'null');
}

function expectSums({ stats }: Pick<Awaited<ReturnType<typeof run>>, 'stats'>): void {
  const { hits, claimed, pending, stored, tracked, accepted, invalid, lost } = stats;
  const losses = Object.values(lost as Record<string, number>).reduce((sum, n) => sum + n, 0);
  expect(hits + claimed).toBe(pending + stored + tracked + accepted + invalid + losses);
}

/** Hits that are neither at Matomo nor left to others, and how many of them are counted as lost. */
function expectHits({ place, state }: Cell, ended: Awaited<ReturnType<typeof run>>): void {
  const { tracked, left, stats, codes } = ended;
  const losses = Object.values(stats.lost as Record<string, number>).reduce((sum, n) => sum + n, 0);
  const own = place === 'memory' || state === 'healthy' ? ['a', 'b', 'c', 'end'] : ['c', 'end'];
  const arrived = [...tracked, ...left];
  expect(new Set(arrived).size).toBe(arrived.length);
  const missing = own.filter((name) => !arrived.includes(name));
  if (place === 'memory' && state !== 'healthy') {
    expect(losses).toBe(4);
  } else {
    expect(losses).toBe(missing.length);
    // A command that Redis may carry out later is not repeated.
    if (place !== 'redis' || state === 'healthy') expect(missing).toEqual([]);
  }
  if (losses > 0)
    expect(codes).toContainEqual(expect.stringMatching(/lost-at-shutdown|unconfirmed/));
  if (place !== 'memory' && state === 'hanging')
    expect(left).toEqual(expect.arrayContaining(['a', 'b']));
}

test.each(PLACES)(
  'hits in %s arrive, or are counted, and no end takes longer than its budget',
  async (place) => {
    if (place === 'redis') requires('redis');
    const took = new Map<string, number>();
    const cells = WAYS.flatMap((way) => STATES.map((state): Cell => ({ place, state, way })));
    await together(
      cells,
      ({ way, state }) => `${way}, ${state}`,
      async (cell) => {
        const ended = await run(cell);
        expect(ended.exit).toEqual(EXITS[cell.way]);
        expectHits(cell, ended);
        expectSums(ended);
        took.set(`${cell.way} ${cell.state}`, ended.tookMillis);
      },
    );
    for (const cell of cells) {
      const { way, state } = cell;
      const most = (took.get(`${way} healthy`) ?? 0) + budgetOf(cell) + NOISE_MILLIS;
      expect(took.get(`${way} ${state}`), `${way}, ${state}`).toBeLessThan(most);
    }
  },
);

test('process.exit() while a disk hangs that a claim is given back to: its hits are left there, and others are counted', async () => {
  const matomo = await startBulkReceiver();
  const { env: ofDisk, hang, goOn, names } = await openPlace('folder');
  matomo.play({ refusals: Number.POSITIVE_INFINITY, delayMillis: 1_000 });
  const env = {
    ...{ MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1', MATOMO_SCHEDULE_DELAY: '100' },
    ...{ MATOMO_STATS_INTERVAL: '3600000', END: 'exit in a handler', ...ofDisk },
  };
  const app = await startServer([...REGISTER, 'test/contracts/doors/end/app.cjs'], { env });
  await get(`${app.url}/a`);
  const files = () => readdirSync(ofDisk.MATOMO_SPOOL ?? '');
  await eventually(() => files().some((name) => name.endsWith('.sending')));
  hang();
  await eventually(() => app.stderr().includes('[spool-not-written]'), PATIENCE);
  await get(`${app.url}/end`);
  await hasCounted(app);
  goOn(); // Node.js itself waits for the disk
  expect(await app.exit()).toEqual(EXITS['exit in a handler']);
  expect([await names(), matomo.tracked()]).toEqual([['a'], []]);
  const stats = statsOf(app);
  expect(stats).toMatchObject({ hits: 2, pending: 0 });
  expect(stats.lost.shutdown + stats.lost.unconfirmed).toBe(1);
  expectSums({ stats });
  expect(app.stderr()).toMatch(/\[(?:lost-at-shutdown|unconfirmed)\]\n/);
});

test('process.exit() while Redis stores a hit and does not answer: the hit is not sent, and a line counts it', async () => {
  const [matomo, redis] = await Promise.all([startBulkReceiver(), startRedis()]);
  const wire = await startWire(Number(new URL(redis.url).port));
  const env = {
    ...{ MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1', MATOMO_SCHEDULE_DELAY: '3600000' },
    ...{ MATOMO_SHUTDOWN_TIMEOUT: '60000', MATOMO_STATS_INTERVAL: '3600000' },
    ...{ MATOMO_SPOOL: `redis://127.0.0.1:${wire.port}`, END: 'exit in a handler' },
  };
  const app = await startServer([...REGISTER, 'test/contracts/doors/end/app.cjs'], { env });
  await get(`${app.url}/a`);
  await eventually(async () => (await namesInRedis(redis)).includes('a'));
  wire.muteAt('XADD');
  await get(`${app.url}/b`);
  await eventually(async () => (await namesInRedis(redis)).includes('b'));
  await get(`${app.url}/end`);
  expect(await app.exit()).toEqual(EXITS['exit in a handler']);
  await eventually(matomo.isQuiet);
  expect([matomo.tracked(), await namesInRedis(redis)]).toEqual([['end'], ['a', 'b']]);
  expect(app.stderr()).toMatch(/Counted as lost: spool: 1\..*\[lost-at-shutdown\]\n/);
});
