import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    env: {
      OTEL_NODE_RESOURCE_DETECTORS: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
    },
    testTimeout: 30_000,
    typecheck: { enabled: true, tsconfig: 'test/tsconfig.json', include: ['test/**/*.test-d.ts'] },
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/cli/**', 'src/register.ts', 'src/register/**'],
    },
  },
});
