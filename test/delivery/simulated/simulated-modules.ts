// To be imported before all that uses the disk: the modules of Node.js that a simulated process has instead.
import { vi } from 'vitest';

vi.mock('node:fs/promises', async () => {
  const { simulatedPromises } = await import('./simulated-disk.js');
  return simulatedPromises;
});
vi.mock('node:fs', async (importOriginal) => {
  const { simulatedReadFileSync } = await import('./simulated-disk.js');
  return { ...(await importOriginal<object>()), readFileSync: simulatedReadFileSync };
});
vi.mock('node:timers/promises', () => ({
  setImmediate: () => new Promise((resolve) => setImmediate(resolve)), // vitest leaves this one real
}));
