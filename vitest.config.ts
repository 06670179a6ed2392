import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { exitWorkerModule } from './scripts/exit-worker-code.mjs';

const isLong = process.env.TEST_LONG === '1';

/** What `npm run test:long` runs and `npm test` does not. */
const LONG_ONLY = [
  'test/**/*.long.test.ts',
  'test/cli/doctor/check-{ai-chatbots,connection,fields,options,spam,spool,storing,token,tracing}.test.ts',
  'test/cli/matomo-api/api-client.test.ts',
  'test/cli/replay.test.ts',
  'test/cli/setup/{make-plan,refusals,run-setup,secrecy}.test.ts',
  'test/gateway/{clients,full-spool,slow-clients}.test.ts',
  'test/register/{bundle,exit-flush,memory}.test.ts',
  'test/scripts/demo.test.ts',
  'test/system/docs/{frameworks,recipes}.test.ts',
  'test/system/docs/own-tests.test.ts',
  'test/system/faults/connections.test.ts',
  'test/system/privacy/{forgotten-texts,strict}.test.ts',
  'test/delivery/spool/file/{full-disk,many-segments,processes}.test.ts',
  'test/delivery/spool/redis/{kill,one-process}.test.ts',
  'test/inspector/page/{accessibility,chatbots,hostile-hits,page}.test.ts',
];
/** What `npm test` runs a sample of, as `sampled` in test/support/long.ts says. */
const SAMPLED = [
  'test/delivery/simulation.test.ts',
  'test/delivery/spool/file/{any-instant,kill,simulation}.test.ts',
  'test/gateway/hostile.test.ts',
  'test/hit/{bots/ai-chatbot-properties,page/page-url,properties,page/query-policy,page/redaction,text}.test.ts',
];

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
    include: isLong ? [...LONG_ONLY, ...SAMPLED] : ['test/**/*.test.ts'],
    exclude: isLong ? [] : LONG_ONLY,
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
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/cli/**', 'src/register.ts', 'src/register/**'],
    },
  },
});
