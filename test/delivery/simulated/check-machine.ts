import { expect } from 'vitest';
import { sumOfCounters } from '../../support/delivery.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedProcess } from './simulated-process.js';

/** Checks that nothing was lost, duplicated or left over without a reason after a machine has recovered. */
export function checkMachine(machine: SimulatedMachine): void {
  expect(machine.processes.flatMap(({ pace }) => pace.offences)).toEqual([]);
  checkFiles(machine);
  checkDoubled(machine);
  for (const process of machine.processes) checkMissing(machine, process);
  const { lostOnConnections, closings, mixedBulks, largestBulk } = machine.matomo;
  expect(mixedBulks).toBe(0);
  expect(largestBulk).toBeLessThanOrEqual(machine.largestBulk);
  expect(lostOnConnections).toBeLessThanOrEqual(closings);
  checkCounts(machine);
}

function checkFiles(machine: SimulatedMachine): void {
  expect(machine.files()).toEqual([]);
}

function checkDoubled({ matomo, mayBeDoubled }: SimulatedMachine): void {
  const unproven = (name: string) => matomo.storedUnproven.get(name) ?? 0;
  const doubled = [...matomo.stored].filter(
    ([name, times]) => times > 1 + unproven(name) + (mayBeDoubled.get(name) ?? 0),
  );
  expect(doubled).toEqual([]);
}

/**
 * A hit that was to be stored and is not has an end that was counted, or was not on the disk when its process was killed. A
 * database that flickers may have made it fail alone twice with another hit processed in between: then it may be rejected.
 */
function checkMissing(machine: SimulatedMachine, process: SimulatedProcess): void {
  const { matomo, mayBeMissing, written } = machine;
  const { lost } = process.account.counters;
  expect(lost).toMatchObject({ expired: 0, too_large: 0 });
  if (!process.hasHung && !machine.hasFailed) expect(lost.spool).toBe(0);
  const missing = process.hits.filter(
    (name) =>
      name.startsWith('hit') &&
      !matomo.stored.has(name) &&
      !mayBeMissing.has(name) &&
      !matomo.mayBeRejected.has(name),
  );
  const isStored = (name: string) => written.has(name) && !process.notStored.has(name);
  expect(missing.filter(isStored)).toEqual([]);
  if (process.wasKilled) return;
  expect(missing.length).toBeLessThanOrEqual(lost.shutdown);
}

/** What Matomo said is what the processes have counted, and each hit was counted once, but for what died with one of them. */
function checkCounts({
  matomo,
  processes,
  hasFailed,
  mayBeDoubled,
  unsure,
  cutOff,
}: SimulatedMachine): void {
  const sum = (of: (process: SimulatedProcess) => number) =>
    processes.reduce((total, process) => total + of(process), 0);
  const doubled = [...mayBeDoubled.values()].reduce((total, times) => total + times, 0);
  // What a disk that hangs has not confirmed at a shutdown counts as lost, and may be there after all.
  const mayBeWritten = sum(({ hasHung, account: { counters } }) =>
    hasHung || hasFailed ? counters.lost.shutdown + counters.lost.spool : 0,
  );
  // A sender that cannot read whose they are counts them for who has ended.
  const left = sum(({ account: { pending } }) => (hasFailed ? pending : 0));
  const rejected = sum(({ account: { counters } }) => counters.lost.rejected);
  expect(rejected).toBeLessThanOrEqual(matomo.mayBeRejected.size + doubled + unsure);
  const said = matomo.answeredTracked + matomo.answeredAccepted;
  const heard = sum(({ account: { counters } }) => counters.tracked + counters.accepted);
  expect(said - heard).toBeGreaterThanOrEqual(0);
  expect(said - heard).toBeLessThanOrEqual(unsure + left + doubled + cutOff + mayBeWritten);
  const unconfirmed = sum(({ account: { counters } }) => counters.lost.unconfirmed);
  expect(cutOff - unconfirmed).toBeLessThanOrEqual(unsure + doubled);
  const uncounted = sum(({ account: { hits, counters } }) => hits - sumOfCounters(counters));
  expect(uncounted).toBeGreaterThanOrEqual(-doubled - mayBeWritten);
  expect(uncounted).toBeLessThanOrEqual(unsure + left);
}
