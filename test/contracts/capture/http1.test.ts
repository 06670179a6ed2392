import type { Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

/** Each framework without tracing and with, and each way of tracing. Long tests have the other combinations. */
const COLUMNS: readonly Omit<Setup, 'protocol'>[] = [
  { framework: 'node', tracing: 'register' },
  { framework: 'node', tracing: 'late' },
  { framework: 'express', tracing: 'start' },
  { framework: 'express', tracing: 'processor' },
  { framework: 'fastify', tracing: 'none' },
  { framework: 'fastify', tracing: 'register', sampler: 0 },
  { framework: 'koa', tracing: 'none' },
  { framework: 'instrumented koa', tracing: 'register', sampler: 0.3 },
  { framework: 'hono', tracing: 'none' },
];

runScenarios(COLUMNS.map((column) => ({ protocol: '1.1', ...column })));
