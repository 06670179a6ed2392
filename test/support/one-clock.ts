import { performance } from 'node:perf_hooks';

// Runs before each test file. Fake timers replace the global clock, but not the one that modules import: that one follows it.
const { now } = performance;
if (now.name !== follow.name) performance.now = follow;

function follow(): number {
  const current = globalThis.performance;
  return current === performance ? now.call(performance) : current.now();
}
