import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { exitWorkerModule } from './scripts/exit-worker-code.mjs';

/** See test/support/long.ts. */
const testLength = process.env.TEST_LENGTH ?? '';
const isLong = testLength !== '';

/** Tests with `sampled` run a few rounds in `npm test`, and all in `npm run test:full`. */
const INCLUDED: Record<string, string> = {
  '': 'test/**/*.test.ts',
  long: 'test/**/*.long.test.ts',
  full: 'test/**/*.{long,sampled}.test.ts',
};

/** Embeds the exit worker in `src`, as the build does in `dist`. */
const exitWorker = {
  name: 'exit-worker',
  load: (id: string) =>
    id.endsWith('/exit-worker-code.ts')
      ? exitWorkerModule(
          fileURLToPath(new URL('src/delivery/exit/exit-worker.ts', import.meta.url)),
        )
      : undefined,
};

export default defineConfig({
  plugins: [exitWorker],
  test: {
    include: [INCLUDED[testLength] as string],
    exclude: isLong ? [] : ['test/**/*.long.test.ts'],
    env: {
      OTEL_NODE_RESOURCE_DETECTORS: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
    },
    // More than the default of Vitest: most tests wait for a child process or a timer.
    // Long tests keep a core busy, and some measure how time grows.
    maxWorkers: availableParallelism() * (isLong ? 1 : 2),
    setupFiles: ['test/support/no-tracking-line.ts'],
    testTimeout: isLong ? 600_000 : 60_000,
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: isLong ? 600_000 : 60_000,
    typecheck: { tsconfig: 'test/tsconfig.json', include: ['test/**/*.test-d.ts'] },
    // Child processes are not counted: they run the built package.
    coverage: { include: ['src/**/*.ts'] },
  },
});
