import type { Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

const COLUMNS: readonly Omit<Setup, 'protocol'>[] = [
  { framework: 'node', tracing: 'processor' },
  { framework: 'node', tracing: 'register' },
  { framework: 'node', tracing: 'start' },
  { framework: 'node', tracing: 'late' },
  { framework: 'express', tracing: 'none' },
  { framework: 'express', tracing: 'processor' },
  { framework: 'express', tracing: 'register' },
  { framework: 'express', tracing: 'register', sampler: 0 },
  { framework: 'fastify', tracing: 'none' },
  { framework: 'fastify', tracing: 'register' },
  { framework: 'koa', tracing: 'none' },
  { framework: 'koa', tracing: 'processor' },
  { framework: 'instrumented koa', tracing: 'register', sampler: 0 },
  { framework: 'hono', tracing: 'none' },
  { framework: 'hono', tracing: 'register', sampler: 0.3 },
];

runScenarios(COLUMNS.map((column) => ({ protocol: '1.1', ...column })));
