import { describe } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import type { Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

const FRAMEWORKS = ['node', 'stream', 'fastify', 'koa', 'hono'] as const;
const TRACINGS = ['none', 'register'] as const;

// These announce the streams of HTTP/2.
describe.each(sampled([24], [22, 24, 26]))('Node.js %i', (major) => {
  const nodePath = installNodeBeforeTests(major);
  const columns = FRAMEWORKS.flatMap((framework) =>
    TRACINGS.map((tracing): Setup => ({ protocol: '2', framework, tracing })),
  );
  runScenarios(columns, () => ({ node: nodePath() }));
});
