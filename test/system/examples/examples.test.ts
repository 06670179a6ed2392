import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { EXAMPLES, sentTo, startCommand, startExample, titlesAndStatuses } from './examples.js';

test.each(EXAMPLES)('the README of %s gives the command that npm start runs', (example) => {
  expect(readmeCommands(example)).toEqual([startCommand(example)]);
});

test('without a line of code, requests are tracked under their route and with their status', async () => {
  const { server, inspector } = await startExample('zero-code');
  await fetch(`${server.url}/users/7`);
  await fetch(`${server.url}/nobody`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([
    ['GET /users/:id', '200'],
    ['GET Not Found', '404'],
  ]);
});

test('the shop is tracked with its own title and plan, and its health check is not', async () => {
  const { server, inspector } = await startExample('shop');
  await fetch(`${server.url}/health`);
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ item: 1, plan: 'pro' });
  await fetch(`${server.url}/orders`, { method: 'POST', headers, body });
  await fetch(`${server.url}/items/99`);
  await fetch(`${server.url}/recommendations`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([
    ['Checkout', '201'],
    [undefined, undefined],
    ['GET /items/:id', '404'],
    [undefined, undefined],
    ['GET /recommendations', '500'],
  ]);
  const [, order, , event] = inspector.hits();
  expect(order?.stored?.type).toBe('order');
  expect(event?.params).toMatchObject({ e_c: 'Shop', e_a: 'item not found', e_n: '99' });
  expect(sentTo(inspector)[0]).toMatchObject({ dimension5: 'pro' });
});

/** The commands in the README's shell blocks, without the variables set in front of them. */
function readmeCommands(example: string): string[] {
  const readme = readFileSync(`${ROOT}examples/${example}/README.md`, 'utf8');
  const blocks = [...readme.matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, code]) => code);
  const lines = blocks.join('').split('\n').filter(Boolean);
  return lines.map((line) => line.trim().replace(/^(?:[A-Z_]+=\S+ )*/, ''));
}
