import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { exitModule } from './scripts/exit-code.mjs';

/** See test/support/long.ts. */
const isLong = (process.env.TEST_LENGTH ?? '') !== '';

/** Not the fixed one. Then the order of files is random too, because those of a process must not depend on each other. */
const hasOwnSeed = (process.env.TEST_SEED ?? '') !== '';

/** Embeds the exit entry in `src`, as the build does in `dist`. */
const exitEntry = {
  name: 'exit-entry',
  load: (id: string) =>
    id.endsWith('/delivery/exit-code.ts')
      ? exitModule(id.replace('-code.ts', '-entry.ts'))
      : undefined,
};

const LONG = 'test/**/*.long.test.ts';

/**
 * Tests that replace modules, that other tests of their process would disturb, or that would disturb these: Vitest restores spies when a file
 * ends, also one on a timer that was fake. All others share a few processes: starting one takes longer than most files.
 */
const ISOLATED = [
  'test/**/{client-hooks,client-rules,hit-times,pairing,secrecy}.test.ts',
  'test/{for-request,requests/operations}.test.ts',
];

const SHORT_PROJECTS: TestProjectInlineConfiguration[] = [
  { extends: true, test: { name: 'isolated', include: ISOLATED } },
  {
    extends: true,
    test: {
      name: 'shared',
      include: ['test/**/*.test.ts'],
      exclude: [LONG, ...ISOLATED],
      isolate: false,
      setupFiles: ['test/support/no-leftovers.ts'],
    },
  },
];

/** Long tests that compare times, which others at the same time would disturb. */
const MEASURING = [
  'test/**/{linear-input,many-files}.long.test.ts',
  'test/options/hide-secrets.long.test.ts',
];

/** The others wait most of the time, for processes and timers. */
const LONG_PROJECTS: TestProjectInlineConfiguration[] = [
  {
    extends: true,
    test: {
      name: 'measuring',
      include: MEASURING,
      maxWorkers: availableParallelism(),
      sequence: { groupOrder: 0 },
    },
  },
  {
    extends: true,
    test: {
      name: 'waiting',
      include: [LONG],
      exclude: MEASURING,
      maxWorkers: 2 * availableParallelism(),
      sequence: { groupOrder: 1 },
    },
  },
];

export default defineConfig({
  plugins: [exitEntry],
  test: {
    projects: isLong ? LONG_PROJECTS : SHORT_PROJECTS,
    env: {
      OTEL_NODE_RESOURCE_DETECTORS: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
    },
    // More than the default of Vitest: most tests wait for a child process or a timer.
    maxWorkers: 2 * availableParallelism(),
    sequence: { shuffle: { files: hasOwnSeed } },
    setupFiles: ['test/support/no-tracking-line.ts', 'test/support/one-clock.ts'],
    testTimeout: isLong ? 600_000 : 240_000,
    expect: { poll: { timeout: 120_000 } },
    hookTimeout: isLong ? 600_000 : 240_000,
    // Child processes are not counted: they run the built package.
    coverage: { include: ['src/**/*.ts'] },
  },
});
