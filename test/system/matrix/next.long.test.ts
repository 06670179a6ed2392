import { expect, test } from 'vitest';
import { CHATGPT } from '../../support/chatbots.js';
import { type Cell, matrix, packBeforeTests, preparePlace } from '../../support/matrix.js';

const npmPackage = packBeforeTests();

/** Runs the application with these requests, and returns what Matomo got and how each was answered. */
async function run(requests: readonly object[], env: Readonly<Record<string, string>>) {
  const isNext = ({ name, way }: Cell) => name === 'Next.js' && way === 'alone';
  const cell = matrix.FRAMEWORKS.find(isNext) as Cell;
  const place = await preparePlace(cell, npmPackage());
  const command = cell.command(true);
  return matrix.runApp({ ...place, ...command, env: { ...command.env, ...env }, requests });
}

test('a page, a file in public/, a 404 and an error of Next.js for an AI chatbot', async () => {
  const paths = ['/users/7', '/guide.pdf', '/nothing/here', '/missing.pdf', '/fails'];
  const { hits, answers } = await run(
    paths.map((path) => ({ method: 'GET', path, userAgent: CHATGPT })),
    { MATOMO_PAGE_VIEWS: 'false' },
  );
  expect(answers).toEqual([200, 200, 404, 404, 500]);
  const rows = hits.map(({ stored, status }) => [
    new URL(stored?.url ?? '').pathname,
    stored?.type,
    status,
  ]);
  expect(rows).toEqual(
    paths.map((path, i) => [path, path.endsWith('.pdf') ? 'download' : 'page', answers[i]]),
  );
  expect(hits[1]?.params.bw_bytes).toBe(String('%PDF-1.4\n%%EOF\n'.length));
});

test('an event in a route handler of Next.js belongs to the visitor and the page of its request', async () => {
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
