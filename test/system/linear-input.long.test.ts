import { AsyncResource } from 'node:async_hooks';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start as startTracking } from '../../src/index.js';
import { currentRequest } from '../../src/request/contexts.js';
import type { Request } from '../../src/request/request.js';
import { type LinearRow, MAX_RATIO, ratioOf, texts } from '../support/linear-input.js';
import { CLIENT_ROWS } from './linear-input/client-rows.js';
import { INSPECTOR_ROWS } from './linear-input/inspector-rows.js';
import { HEADER_ROWS } from './linear-input/request-rows.js';
import { spanRows } from './linear-input/span-rows.js';

/** Runs a function in the asynchronous context of a request that nothing is noted of. */
let run: (fn: () => unknown) => unknown;
let stop: () => Promise<void>;

beforeAll(async () => {
  const { shutdown } = startTracking({ url: 'http://127.0.0.1:9', siteId: 1 });
  const server = createServer((_request, response) => {
    run = AsyncResource.bind((fn: () => unknown) => {
      (currentRequest() as Request).additions = undefined;
      return fn();
    });
    stop = async () => {
      response.end();
      server.close();
      await shutdown();
    };
    response.flushHeaders();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
afterAll(() => stop());

/** Everything that sees input of clients and exporters. Rows of the gateway and of answers are added here. */
const ROWS: readonly LinearRow[] = [
  ...HEADER_ROWS,
  ...CLIENT_ROWS,
  ...INSPECTOR_ROWS,
  ...spanRows((fn) => run(fn) as never),
];

describe.each(ROWS.map((row) => [row.what, row] as const))('%s', (_what, row) => {
  test.each(Object.keys(row.cases))(`takes time in proportion to %s: ${row.reason}`, (name) => {
    expect(ratioOf(row, name)).toBeLessThan(MAX_RATIO);
  });
});

test('what takes more than linear time is found', () => {
  const row = {
    what: 'three nested loops: further from linear time than any disturbance of a busy machine',
    reason: 'it does not',
    sizes: [32, 128],
    cases: texts(countTriples, { letters: 'a' }),
  } as const;
  expect(ratioOf(row, 'letters')).toBeGreaterThan(MAX_RATIO);
});

function countTriples(text: string): number {
  let count = 0;
  for (const a of text) for (const b of text) for (const c of text) if (a + b === c) count += 1;
  return count;
}
