import { AsyncResource } from 'node:async_hooks';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CapturedRequest,
  captureRequests,
  currentRequest,
} from '../../src/requests/captured-requests.js';
import { filled, type LinearRow, MAX_RATIO, ratioOf, texts } from '../support/linear-input.js';
import { HEADER_ROWS } from './linear-input/request-rows.js';
import { spanRows } from './linear-input/span-rows.js';

/** Runs a function in the asynchronous context of a request that nothing is noted of. */
let run: (fn: () => unknown) => unknown;
let stop: () => void;

beforeAll(async () => {
  const release = captureRequests({
    findNotes: () => undefined,
    takeHit: () => undefined,
    refuseHit: () => undefined,
    reportHit: () => undefined,
  });
  const server = createServer((_request, response) => {
    run = AsyncResource.bind((fn: () => unknown) => {
      (currentRequest() as CapturedRequest).notes = undefined;
      return fn();
    });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  stop = () => {
    release();
    server.close();
  };
});
afterAll(() => stop());

/** Everything that sees input of callers and exporters. Rows of the gateway and of answers are added here. */
const ROWS: readonly LinearRow[] = [...HEADER_ROWS, ...spanRows((fn) => run(fn) as never)];

describe.each(ROWS.map((row) => [row.what, row] as const))('%s', (_what, row) => {
  test.each(Object.keys(row.cases))(`takes time in proportion to %s: ${row.reason}`, (name) => {
    expect(ratioOf(row, name)).toBeLessThan(MAX_RATIO);
  });
});

test('what is quadratic is found', () => {
  const brands = /"((?:[^"\\]|\\.)*)"\s*;\s*v="((?:[^"\\]|\\.)*)"/g;
  const row = {
    what: 'an expression that reads the rest of its input at each quote',
    reason: 'it does not',
    sizes: [2048, 4096],
    cases: texts((text) => [...text.matchAll(brands)], {
      quotes: (size) => filled('\\"', size, '"'),
    }),
  } as const;
  expect(ratioOf(row, 'quotes')).toBeGreaterThan(MAX_RATIO - 1);
});
