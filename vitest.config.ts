import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { exitWorkerModule } from './scripts/exit-worker-code.mjs';

/** See test/support/long.ts. */
const testLength = process.env.TEST_LENGTH ?? '';
const isLong = testLength !== '';

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

const LONG = 'test/**/*.long.test.ts';

/** Tests that leave nothing in their process. They share a few, because starting one takes longer than most files. */
const SHARED = [
  'test/{cli,common,delivery,gateway,hit,inspector,options,register,system/{docs,examples}}/**',
  // These replace modules, and the last one watches all requests of its process.
  '!(timers|{failing-hits,any-instant,simulation}.sampled|hit-times).test.ts',
].join('/');

const SHORT_PROJECTS: TestProjectInlineConfiguration[] = [
  {
    extends: true,
    test: { name: 'isolated', include: ['test/**/*.test.ts'], exclude: [LONG, SHARED] },
  },
  {
    extends: true,
    test: {
      name: 'shared',
      include: [SHARED],
      exclude: [LONG],
      isolate: false,
    },
  },
];

export default defineConfig({
  plugins: [exitWorker],
  test: {
    // `npm run test:full` repeats tests with `sampled` in full length.
    ...(isLong
      ? { include: [testLength === 'full' ? 'test/**/*.{long,sampled}.test.ts' : LONG] }
      : { projects: SHORT_PROJECTS }),
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
    // Child processes are not counted: they run the built package.
    coverage: { include: ['src/**/*.ts'] },
  },
});
