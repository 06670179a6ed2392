import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import type { Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

const FRAMEWORKS = ['node', 'express', 'fastify', 'koa', 'hono'] as const;
const TRACINGS = ['none', 'processor', 'register'] as const;

/** Other ways of tracing differ by what Node.js and the SDK do, not by the framework. */
const MORE: readonly Omit<Setup, 'protocol'>[] = [
  { framework: 'node', tracing: 'start' },
  { framework: 'node', tracing: 'late' },
  { framework: 'express', tracing: 'register', sampler: 0.3 },
  { framework: 'koa', tracing: 'register', sampler: 0 },
  { framework: 'instrumented koa', tracing: 'register', sampler: 0 },
  { framework: 'instrumented koa', tracing: 'processor' },
];

const COLUMNS = [
  ...FRAMEWORKS.flatMap((framework) => TRACINGS.map((tracing) => ({ framework, tracing }))),
  ...MORE,
];

const FEW: typeof MORE = [
  { framework: 'node', tracing: 'none' },
  { framework: 'fastify', tracing: 'processor' },
  { framework: 'koa', tracing: 'none' },
  { framework: 'hono', tracing: 'register' },
];

runScenarios(sampled(FEW, COLUMNS).map((column) => ({ protocol: '1.1', ...column })));

// Later versions than 22 lose the async context after the headers.
describe.each(sampled([26], [22, 24, 26]))('Node.js %i', (major) => {
  const nodePath = installNodeBeforeTests(major);
  const columns: readonly Setup[] = [
    { protocol: '1.1', framework: 'node', tracing: 'register' },
    { protocol: '1.1', framework: 'express', tracing: 'start' },
  ];
  runScenarios(columns, async () => ({ node: nodePath() }));
});
