import type { Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

const FRAMEWORKS = ['node', 'express', 'fastify', 'koa', 'hono'] as const;
const WAYS: readonly Pick<Setup, 'tracing' | 'sampler'>[] = [
  { tracing: 'none' },
  { tracing: 'processor' },
  { tracing: 'start' },
  { tracing: 'late' },
  { tracing: 'register' },
  { tracing: 'register', sampler: 0.3 },
  { tracing: 'register', sampler: 0 },
];

/** Those with an SDK from the start. */
const INSTRUMENTED = WAYS.filter(
  ({ tracing }) => tracing === 'processor' || tracing === 'register',
);

runScenarios([
  ...FRAMEWORKS.flatMap((framework) =>
    WAYS.map((way): Setup => ({ protocol: '1.1', framework, ...way })),
  ),
  ...INSTRUMENTED.map((way): Setup => ({ protocol: '1.1', framework: 'instrumented koa', ...way })),
]);
