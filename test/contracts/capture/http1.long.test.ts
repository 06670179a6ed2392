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

runScenarios(
  FRAMEWORKS.flatMap((framework) => WAYS.map((way) => ({ protocol: '1.1', framework, ...way }))),
);
