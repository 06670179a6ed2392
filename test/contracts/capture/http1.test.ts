import type { Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

/** Each framework, with routes and without, and each way of tracing. Long tests have the other combinations. */
const COLUMNS: readonly Omit<Setup, 'protocol'>[] = [
  { framework: 'node', tracing: 'register' },
  { framework: 'express', tracing: 'start' },
  { framework: 'express', tracing: 'processor' },
  { framework: 'fastify', tracing: 'register', sampler: 0 },
  { framework: 'instrumented koa', tracing: 'register', sampler: 0.3 },
  { framework: 'hono', tracing: 'none' },
];

runScenarios(COLUMNS.map((column) => ({ protocol: '1.1', ...column })));
