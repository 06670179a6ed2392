import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { CHATGPT } from '../../support/chatbots.js';
import { ROOT } from '../../support/child-process.js';
import { skipTest } from '../../support/skips.js';

interface Command {
  readonly env?: Readonly<Record<string, string>>;
}
interface Cell {
  readonly name: string;
  readonly way: string;
  command(isWith: boolean): Command;
}
interface Place {
  readonly reason?: string;
  readonly failure?: string;
}
interface Matrix {
  planFrameworks(runs: object[]): Cell[];
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
  preparePlaces(
    cells: Cell[],
    npmPackage: object,
    say: (text: string) => void,
  ): Promise<{ placeOf(cell: Cell): Place; close(): void }>;
  runApp(options: object): Promise<{ hits: InspectedHit[]; answers: number[] }>;
}

const parts = ['frameworks', 'package', 'places', 'run-app'];
const modules = await Promise.all(parts.map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)));
const matrix: Matrix = Object.assign({}, ...modules);

const COLD_MILLIS = 600_000; // Next.js is installed and built
let npmPackage: object;
beforeAll(async () => {
  npmPackage = await matrix.packPackage();
});
afterAll(() => matrix.removePackage(npmPackage));

/** Runs the application with these requests, and returns what Matomo got and how each was answered. */
async function run(requests: readonly object[], env: Readonly<Record<string, string>>) {
  const cells = matrix.planFrameworks([{ sdk: '2.12', node: 20 }]);
  const cell = cells.find(({ name, way }) => name === 'Next.js' && way === 'alone') as Cell;
  const places = await matrix.preparePlaces([cell], npmPackage, console.log);
  try {
    const place = places.placeOf(cell);
    skipTest(place.reason, 'packages');
    expect(place.failure).toBeUndefined();
    const command = cell.command(true);
    return await matrix.runApp({
      ...place,
      ...command,
      env: { ...command.env, ...env },
      requests,
    });
  } finally {
    places.close();
  }
}

test('a page, a file in public/, a 404 and an error of Next.js for an AI chatbot', {
  timeout: COLD_MILLIS,
}, async () => {
  const paths = ['/users/7', '/guide.pdf', '/nothing/here', '/missing.pdf', '/fails'];
  const { hits, answers } = await run(
    paths.map((path) => ({ method: 'GET', path, userAgent: CHATGPT })),
    { MATOMO_PAGE_VIEWS: 'false' },
  );
  expect(answers).toEqual([200, 200, 404, 404, 500]);
  const rows = hits.map(({ aiRequest }) => aiRequest);
  expect(rows.map((row) => [new URL(row?.url ?? '').pathname, row?.kind, row?.statusCode])).toEqual(
    paths.map((path, i) => [path, path.endsWith('.pdf') ? 'document' : 'page', answers[i]]),
  );
  expect(rows[1]?.bytes).toBe('%PDF-1.4\n%%EOF\n'.length);
});

test('an event in a route handler of Next.js belongs to the visitor and the page of its request', {
  timeout: COLD_MILLIS,
}, async () => {
  const request = { method: 'POST', path: '/orders', userAgent: 'matrix/1.0' };
  const { hits } = await run([request], { EVENTS: '1' });
  const [view, event] = hits.map(({ params }) => params);
  expect([view?.action_name, event?.e_c, event?.e_a]).toEqual([
    'POST /orders',
    'Orders',
    'created',
  ]);
  expect([event?.cid, event?.url]).toEqual([view?.cid, view?.url]);
  expect(hits).toHaveLength(2);
});
