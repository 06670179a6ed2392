import '../../simulated/simulated-modules.js';
import { afterEach, expect, test, vi } from 'vitest';
import { sampled } from '../../../support/long.js';
import { checkMachine } from '../../simulated/check-machine.js';
import { type MachineOptions, SimulatedMachine } from '../../simulated/simulated-machine.js';
import type { SimulatedProcess } from '../../simulated/simulated-process.js';

/** Every instant in `npm run test:full`. */
const STEP = sampled(17, 1);

vi.setConfig({ testTimeout: 120_000 });
afterEach(() => void vi.useRealTimers());

function createMachine(options: Partial<MachineOptions> = {}): SimulatedMachine {
  return new SimulatedMachine({
    seed: 1,
    hasToken: true,
    maxExportBatchSize: 3,
    maxQueueSize: 1000,
    maxSpoolBytes: 1e9,
    mostInABulk: 1000,
    slowestMillis: 0,
    isContained: false,
    ...options,
  });
}

test('a disk that is full after any byte of three hits: each is stored once', async () => {
  for (let room = 0; room < 150; room += STEP) {
    const machine = createMachine();
    const process = machine.start();
    await machine.wait(10);
    machine.fill(room);
    for (let i = 0; i < 3; i++) machine.hit(process);
    await machine.wait(1000);
    await recover(machine);
    expect([room, ...machine.matomo.stored.values()]).toEqual([room, 1, 1, 1]);
  }
});

test('a process that cannot make its journal leaves one half-made folder at most', async () => {
  for (const fault of ['full', 'failing']) {
    const machine = createMachine({ slowestMillis: 20 });
    if (fault === 'full') machine.fill(0);
    else machine.fail((operation) => operation > 0);
    const process = machine.start();
    await machine.wait(20_000);
    expect(machine.files().length).toBeLessThanOrEqual(1);
    machine.repairDisk();
    await machine.wait(5_000);
    expect([fault, ...machine.files()]).toEqual([fault, ...process.instances]);
    await recover(machine);
  }
});

test('a look at many folders that takes long finds the dead', async () => {
  const machine = createMachine({ slowestMillis: 20 });
  for (let i = 10; i < 40; i++) {
    machine.disk.volume.mkdirSync(`/spool/.1795172402413-1-000000${i}`);
  }
  await recover(machine);
});

test('a disk that is full after any byte leaves no unfinished line, which its reader would take for a damaged disk', async () => {
  for (let room = 0; room < 150; room += 7) {
    const machine = createMachine();
    const sender = machine.start();
    await machine.wait(1000);
    const writer = machine.start();
    await machine.wait(10);
    machine.fill(room);
    for (let i = 0; i < 3; i++) machine.hit(writer);
    await machine.wait(1000);
    await recover(machine);
    expect([room, ...sender.logged].join()).not.toContain('[spool-damaged]');
    expect([...machine.matomo.stored.values()]).toEqual([1, 1, 1]);
  }
});

test('any one operation of the disk that fails loses nothing', async () => {
  const operations = await run(createMachine());
  for (let failing = 0; failing < operations; failing += STEP) {
    const machine = createMachine();
    machine.fail((operation) => operation === failing);
    await run(machine);
  }
});

test('a disk that fails from any operation on, for a second, loses nothing', async () => {
  const operations = await run(createMachine());
  for (let first = 0; first < operations; first += STEP) {
    const machine = createMachine();
    let sinceMillis = Number.POSITIVE_INFINITY;
    machine.fail((operation) => {
      if (operation === first) sinceMillis = Date.now();
      return Date.now() - sinceMillis >= 0 && Date.now() - sinceMillis < 1000;
    });
    await run(machine);
  }
});

test.each([
  ['', Number.POSITIVE_INFINITY],
  [', which fails', 0],
])('a shutdown waits for the write that is under way%s, and sends its hits', async (_, room) => {
  for (let seed = 0; seed < 30; seed += STEP) {
    const machine = createMachine({ seed, slowestMillis: 20 });
    const process = machine.start();
    await machine.wait(300);
    machine.fill(room);
    machine.hit(process);
    process.flush();
    process.shutDown();
    await machine.wait(2000);
    expect([...machine.matomo.stored]).toEqual([['hit-1', 1]]);
    expect(process.account.counters.tracked).toBe(1);
  }
});

test('a shutdown while hits are stored in portions stores and sends them all', async () => {
  for (let last = 0; last < 30; last += STEP) {
    const machine = createMachine({ maxExportBatchSize: 100 });
    const process = machine.start();
    await machine.wait(10);
    for (let i = 0; i < 250; i++) machine.hit(process);
    machine.disk.fails = (operation) => {
      if (operation === last) process.shutDown();
      return false;
    };
    await machine.wait(3000);
    await recover(machine);
    expect(machine.matomo.stored.size).toBe(250);
  }
});

test('a sender that stands still after any operation counts nothing as lost that another sends then', async () => {
  for (let last = 0; last < 60; last += STEP) {
    const machine = createMachine();
    const sender = machine.start();
    hangAfter(last, sender, machine);
    await machine.wait(50);
    const other = machine.start();
    machine.hit(other);
    other.shutDown();
    machine.start();
    await machine.wait(600);
    sender.shutDown();
    await machine.wait(7000);
    await recover(machine);
  }
});

test('a process that stalled goes on after another one has sent its hits and ended', async () => {
  for (let last = 0; last < 60; last += STEP) {
    const machine = createMachine();
    const sender = machine.start();
    hangAfter(last, sender, machine);
    machine.hit(sender);
    await machine.wait(50);
    const other = machine.start();
    await machine.wait(5500);
    machine.hit(sender);
    other.shutDown();
    await machine.wait(2000);
    await recover(machine);
  }
});

test('a process that stood still with a bulk under way writes nothing to a journal that was taken over', async () => {
  const machine = createMachine();
  const process = machine.start();
  await machine.wait(50);
  for (let i = 0; i < 3; i++) machine.hit(process);
  await untilInFlight(machine, process);
  const other = machine.start();
  process.hang(6000);
  await machine.wait(5200);
  expect(other.account.takenOver).toBe(3);
  machine.hit(process);
  await machine.wait(4000);
  await recover(machine);
  expect([...machine.matomo.stored.values()]).toEqual([2, 2, 2, 1]);
});

test('a process that ends right after it was taken over stores its last hits in another journal', async () => {
  for (let millis = 0; millis < 500; millis += 10 * STEP) {
    const machine = createMachine();
    machine.matomo.fault = 'refused';
    const process = machine.start();
    const other = machine.start();
    machine.hit(process);
    await machine.wait(700);
    process.hang(6000);
    await machine.wait(5800);
    expect(other.account.takenOver).toBe(1);
    machine.hit(process);
    await machine.wait(200 + millis);
    machine.hit(process);
    process.shutDown();
    await machine.wait(2000);
    expect([millis, process.account.counters.lost.shutdown]).toEqual([millis, 0]);
    await recover(machine);
    expect([...machine.matomo.stored.values()]).toEqual([1, 1, 1]);
  }
});

test('hits that a disk stores neither at first nor at the shutdown are counted as lost, if Matomo is unavailable', async () => {
  for (let failing = 0; failing < 30; failing += STEP) {
    const machine = createMachine();
    machine.matomo.fault = 'refused';
    machine.fail((operation) => operation === failing);
    const process = machine.start();
    machine.hit(process);
    await machine.wait(400);
    const { operations } = machine.disk;
    machine.fail((operation) => operation === operations);
    machine.hit(process);
    process.shutDown();
    await machine.wait(2000);
    await machine.recover();
    if (process.account.counters.lost.shutdown > 0)
      for (const name of process.hits) machine.mayBeMissing.add(name);
    checkMachine(machine);
  }
});

test('after its file has been deleted a process writes to another, and sends what it has in memory', async () => {
  const machine = createMachine();
  machine.matomo.fault = 'refused';
  const process = machine.start();
  machine.hit(process);
  await machine.wait(200);
  const [instance] = process.instances;
  machine.disk.volume.unlinkSync(`/spool/${instance}/000001.hits`);
  machine.hit(process);
  await machine.wait(500);
  expect(machine.disk.volume.readdirSync(`/spool/${instance}`)).toContain('000002.hits');
  await recover(machine);
  expect([...machine.matomo.stored.keys()]).toEqual(['hit-1', 'hit-2']);
  expect(process.account).toMatchObject({ pending: 0, counters: { tracked: 2 } });
});

test.each(['own', 'taken over'])(
  'a file with a defect does not delay the hits in newer files, and is read once that is possible (%s)',
  async (whose) => {
    const machine = createMachine({ maxQueueSize: 5 });
    machine.matomo.fault = 'refused';
    const first = machine.start();
    await machine.wait(100);
    for (let i = 0; i < 20; i++) {
      machine.hit(first);
      await machine.wait(200);
    }
    await machine.wait(70_000);
    for (let i = 0; i < 3; i++) machine.hit(first);
    await machine.wait(70_000);
    machine.disk.isUnreadable = (path) => path.endsWith('000001.hits');
    const process = whose === 'own' ? first : machine.start();
    if (process !== first) first.die();
    machine.matomo.fault = 'none';
    await machine.wait(60_000);
    for (const name of ['hit-21', 'hit-22', 'hit-23']) {
      expect(machine.matomo.stored.get(name)).toBe(1);
    }
    expect(machine.matomo.stored.size).toBeLessThan(23);
    expect(process.logged.filter((line) => line.includes('[spool-not-read]'))).toHaveLength(1);
    machine.repairDisk();
    await machine.wait(10_000);
    expect(machine.matomo.stored.size).toBe(23);
    await recover(machine);
  },
);

test('while a disk hangs hits leave from memory, and those it has taken are sent when it goes on', async () => {
  const machine = createMachine();
  const process = machine.start();
  machine.hit(process);
  await machine.wait(1000);
  machine.stall();
  machine.hit(process);
  await machine.wait(2500);
  machine.hit(process);
  await machine.wait(1000);
  expect([...machine.matomo.stored.keys()]).toEqual(['hit-1', 'hit-3']);
  await recover(machine);
  expect([...machine.matomo.stored.keys()]).toEqual(['hit-1', 'hit-3', 'hit-2']);
});

test.each([
  ['is idle', (machine: SimulatedMachine) => machine.wait(1000)],
  ['sends a bulk', untilInFlight],
] as const)(
  'if a disk hangs while the process %s, a shutdown ends and sends the hits that are not stored',
  async (_, begin) => {
    const machine = createMachine();
    const process = machine.start();
    machine.hit(process);
    await begin(machine, process);
    machine.stall();
    machine.hit(process);
    await machine.wait(500);
    process.shutDown();
    await machine.wait(4000);
    expect(machine.alive).toEqual([]);
    expect(process.account).toMatchObject({
      pending: 0,
      counters: { tracked: 2, lost: { shutdown: 0 } },
    });
  },
);

test('hits that wait in memory are stored once a disk has room again, even if Matomo is unavailable', async () => {
  const machine = createMachine();
  const process = machine.start();
  await machine.wait(100);
  machine.matomo.fault = 'refused';
  machine.fill(0);
  for (let i = 0; i < 5; i++) machine.hit(process);
  await machine.wait(2000);
  expect(machine.written.size).toBe(0);
  machine.repairDisk();
  await machine.wait(6000);
  expect(machine.written.size).toBe(5);
  process.die();
  await recover(machine);
  expect([...machine.matomo.stored.values()]).toEqual([1, 1, 1, 1, 1]);
});

test('a kill at any operation of the sender loses nothing that was on the disk', async () => {
  const operations = await run(createMachine());
  for (let last = 0; last < operations; last += STEP) {
    const machine = createMachine();
    await run(machine, last);
    expect(machine.mayBeDoubled.size).toBeLessThanOrEqual(3);
  }
});

test('a take-over that ends at any operation is completed by the next process', async () => {
  async function takeOver(last = Number.POSITIVE_INFINITY): Promise<number> {
    const machine = createMachine();
    machine.matomo.fault = 'refused';
    const dead = machine.start();
    for (let i = 0; i < 3; i++) machine.hit(dead);
    await machine.wait(600);
    dead.die();
    const before = machine.disk.operations;
    const taker = machine.start();
    taker.operationsLeft = last;
    await machine.wait(5000);
    if (!taker.isDead) taker.die();
    machine.matomo.fault = 'none';
    const operations = machine.disk.operations - before;
    await recover(machine);
    expect([last, ...machine.matomo.stored.values()]).toEqual([last, 1, 1, 1]);
    return operations;
  }
  const operations = await takeOver();
  for (let last = 0; last < operations; last += STEP) await takeOver(last);
});

test.each([300, 60_000])(
  'a hit is on the disk within half a second, at a scheduled delay of %i ms',
  async (scheduledDelayMillis) => {
    for (let waited = 0; waited < 700; waited += 70) {
      const machine = createMachine({ scheduledDelayMillis });
      const process = machine.start();
      await machine.wait(waited);
      machine.hit(process);
      await machine.wait(500);
      expect([waited, ...machine.written]).toEqual([waited, 'hit-1']);
    }
  },
);

/** Nothing fails any more, and nothing was lost, duplicated or left over without a reason. */
async function recover(machine: SimulatedMachine): Promise<void> {
  await machine.recover();
  checkMachine(machine);
}

/** A process stands still for six seconds after so many operations of the disk. */
function hangAfter(last: number, process: SimulatedProcess, machine: SimulatedMachine): void {
  machine.disk.fails = (operation) => {
    if (operation === last) process.hang(6000);
    return false;
  };
}

async function untilInFlight(machine: SimulatedMachine, process: SimulatedProcess): Promise<void> {
  while (process.inFlight === 0) await machine.wait(1);
}

/** Two processes come and go on one disk, with hits of both. Returns how many operations of the disk that takes. */
async function run(machine: SimulatedMachine, lastOperation?: number): Promise<number> {
  const sender = machine.start();
  if (lastOperation !== undefined) sender.operationsLeft = lastOperation;
  await machine.wait(50);
  const other = machine.start();
  for (let i = 0; i < 3; i++) {
    if (!sender.isDead) machine.hit(sender);
    machine.hit(other);
    machine.hit(other);
    await machine.wait(450);
  }
  machine.matomo.fault = 'refused';
  machine.hit(other);
  await machine.wait(500);
  machine.matomo.fault = 'none';
  sender.shutDown();
  machine.hit(other);
  await machine.wait(700);
  const { operations } = machine.disk;
  await recover(machine);
  return operations;
}
