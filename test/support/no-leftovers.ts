// Runs before each test file that shares its process: a processor that goes on would track the requests of the next file, and log for it.
import { afterAll, expect } from 'vitest';

interface SharedRequests {
  readonly processors: readonly object[];
  readonly exporters: ReadonlySet<object>;
}

const KEY = Symbol.for('opentelemetry-matomo.requests.1');

function listActive(): readonly object[] {
  const shared = (globalThis as Record<symbol, SharedRequests | undefined>)[KEY];
  return [...(shared?.processors ?? []), ...(shared?.exporters ?? [])];
}

const before = listActive();

afterAll(() => {
  const left = listActive().filter((each) => !before.includes(each));
  expect(left, 'processors and exporters that were not shut down').toHaveLength(0);
});
