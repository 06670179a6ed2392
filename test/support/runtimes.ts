import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { OWN_NODE, type Place, preparePlace } from './matrix.js';
import { skipTest } from './skips.js';

const BINARIES = {
  bun: ['@oven/bun-linux-x64/bin/bun', 'bun/bin/bun.exe'],
  deno: ['@deno/linux-x64-glibc/deno', 'deno/deno'],
};
export type Runtime = keyof typeof BINARIES;

const SET_UP = {
  name: 'runtimes',
  dependencies: {
    bun: '1.4.5',
    deno: '2.9.6',
    '@opentelemetry/api': '1.9.1',
    '@opentelemetry/sdk-trace-base': '2.12.0',
    '@opentelemetry/context-async-hooks': '2.12.0',
    elysia: '1.4.30',
    '@elysiajs/opentelemetry': '1.4.11',
    hono: '4.13.19',
    '@hono/otel': '1.1.2',
  },
};

/** Bun or Deno in the place of Node.js, until the end of the test. Skips the test if there is none for this platform. */
export async function prepareRuntime(runtime: Runtime, npmPackage: object): Promise<Place> {
  const { folder } = await preparePlace({ node: OWN_NODE, setUp: SET_UP }, npmPackage);
  const places = BINARIES[runtime].map((place) => join(folder, '../node_modules', place));
  const node = places.find((place) => existsSync(place));
  skipTest(node ? undefined : `${runtime} has no binary for this platform`, 'packages');
  expect(node).toBeDefined();
  return { folder, node: node as string };
}
