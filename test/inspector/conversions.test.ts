import { expect, test } from 'vitest';
import { trackGoal, trackOrder } from '../../src/index.js';
import { formatHits } from '../../src/inspector/index.js';
import { readHit } from '../../src/inspector/page/held-hits.js';
import { captureOutput } from '../support/output.js';
import { startTracedService } from '../support/traced-service.js';
import { inspect } from './inspector-client.js';

test('an order of 200 items has all of them; of one that is too long the first are sent', async () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      sku: `sku-${i}`,
      name: `A product with a name of usual length ${i}`,
      categories: ['Kitchen', 'Gifts'],
      price: 9.99,
      quantity: 2,
    }));
  const logged = captureOutput();
  const service = await startTracedService((_request, response) => {
    trackOrder({ id: 'large', revenue: 1, items: items(200) });
    trackOrder({ id: 'too large', revenue: 1, items: items(2000) });
    trackOrder({ id: 'bad items', revenue: 1, items: [{ sku: '' }, ...items(1)] });
    response.end();
  });
  const hits = await service.visit('/cart');
  const [, large, tooLarge, bad] = hits.map(({ conversion }) => conversion);
  expect(large).toMatchObject({ idorder: 'large', items: 400 });
  expect(large?.lines).toHaveLength(200);
  expect(large?.lines?.[0]?.categories).toEqual(['Kitchen', 'Gifts']);
  expect(tooLarge?.lines?.length).toBeGreaterThan(200);
  expect(bad?.lines).toHaveLength(1);
  expect(logged.join('')).toMatch(/order.*items beyond.*\[parameter-invalid\]/);
  expect(logged.join('')).toMatch(/order.*\bsku\b.*\[parameter-invalid\]/);
});

test('the table in plain text shows what was bought and converted', async () => {
  const service = await startTracedService((_request, response) => {
    trackOrder({ id: 'A-1', revenue: 20, items: [{ sku: 'mug', price: 10, quantity: 2 }] });
    trackGoal(3);
    response.end();
  });
  const lines = formatHits(await service.visit('/cart')).split('\n');
  expect(lines[2]).toMatch(/ tracked {2}order +A-1, 2 items, revenue 20 /);
  expect(lines[3]).toMatch(/ tracked {2}goal +goal 3 /);
});

test('the page shows them under names of their own', async () => {
  const service = await startTracedService((_request, response) => {
    trackOrder({ id: 'A-1', revenue: 20 });
    trackGoal(3);
    response.end();
  });
  const titles = (await service.visit('/cart')).map((hit, i) => readHit(hit, i).title);
  expect(titles).toEqual(['GET /cart', 'Order', 'Goal 3']);
});

test('values of an item that are objects are answered, and count as missing', async () => {
  const ec_items = JSON.stringify([['sku', { toString: 1 }, { toString: 1 }, {}, {}]]);
  const { conversion } = await inspect({ idgoal: '0', ec_id: 'order', ec_items });
  expect(conversion?.lines).toEqual([{ sku: 'sku', categories: [], price: 0, quantity: 1 }]);
});
