import { afterAll, beforeAll, expect, test } from 'vitest';
import { trackGoal, trackOrder } from '../../src/index.js';
import {
  type Conversion,
  formatHits,
  type Inspector,
  startInspector,
} from '../../src/inspector/index.js';
import { readHit } from '../../src/inspector/page/held-hits.js';
import { captureOutput } from '../support/output.js';
import { startTracedService } from '../support/traced-service.js';
import { words } from '../support/words.js';
import { type CorpusCase, readCorpus, toWireRequest } from './corpus-cases.js';
import { inspect } from './inspector-client.js';

let now = 0;
let inspector: Inspector;

beforeAll(async () => {
  inspector = await startInspector({
    clock: () => now * 1000,
    matomoVersion: '5.6',
    sites: { 1: { goals: [1, 2, 3] }, 2: { goals: [1] }, 3: {} },
    tokens: { 'token-super': 'super', 'token-write': { role: 'write', sites: [1, 2] } },
  });
});
afterAll(() => inspector.close());

/** Recorded single hits with a goal, an order or a cart, as they were stored. */
const cases = readCorpus('hits.jsonl').filter(
  ({ hit, stored, answer }) =>
    typeof hit === 'string' &&
    /[?&]idgoal=\d/.test(hit) &&
    // Bots, whose hits are answered as if they were tracked.
    (rowsOf(stored, 'visits').length > 0 || !answer.body.includes('"tracked":1')),
);

test.each(cases.map((recorded) => [recorded.id, recorded.about, recorded] as const))(
  '%s, %s: the rows of conversions and items are those that a real Matomo stored',
  async (_id, _about, recorded) => {
    now = recorded.sent_at;
    inspector.clear();
    const { path, headers, body } = toWireRequest(recorded);
    await fetch(`${inspector.url}${path}`, { method: 'POST', headers, body: new Uint8Array(body) });
    const stored = inspector.hits().flatMap(({ conversion }) => conversion ?? []);
    const hasRevenue = /[?&]revenue=[^&]/.test(recorded.hit as string);
    expect(stored.map((row) => toRecorded(row, recorded))).toEqual(
      expectedOf(recorded, hasRevenue),
    );
    expect(stored.flatMap(toItems)).toEqual(itemsOf(recorded));
  },
);

test('there are such cases of goals, orders and carts', () => {
  const kinds = cases.flatMap(({ stored }) =>
    rowsOf(stored, 'conversions').map(({ idgoal }) => Math.sign(Number(idgoal))),
  );
  expect(new Set(kinds)).toEqual(new Set([1, 0, -1]));
  expect(kinds.length).toBeGreaterThan(50);
});

type Row = Record<string, unknown>;

function rowsOf(stored: object, table: 'conversions' | 'items' | 'visits'): Row[] {
  return (stored as Record<string, Row[] | undefined>)[table] ?? [];
}

const COLUMNS = [
  'idgoal',
  'idorder',
  'idsite',
  'revenue',
  'revenue_subtotal',
  'revenue_tax',
  'revenue_shipping',
  'revenue_discount',
  'items',
] as const;

function toRecorded(conversion: Conversion, { sent_at }: CorpusCase): Row {
  const row = Object.fromEntries(COLUMNS.map((column) => [column, conversion[column]]));
  return { ...row, server_time: conversion.server_time - sent_at };
}

function expectedOf({ stored }: CorpusCase, hasRevenue: boolean): Row[] {
  return rowsOf(stored, 'conversions').map((row) => ({
    ...Object.fromEntries(COLUMNS.map((column) => [column, row[column]])),
    // Without one it is that of the goal.
    ...(Number(row.idgoal) > 0 && !hasRevenue && { revenue: undefined }),
    server_time: row.server_time,
  }));
}

function toItems({ lines = [] }: Conversion): Row[] {
  return lines.map(({ sku, name = null, categories, price, quantity }) => ({
    ...{ sku, name, price, quantity },
    category: categories[0] ?? null,
  }));
}

function itemsOf({ stored }: CorpusCase): Row[] {
  return rowsOf(stored, 'items').map(({ sku, name, price, quantity, category }) => ({
    ...{ sku, name, price, quantity },
    category,
  }));
}

test('an order of the package with items, tax, shipping, discount and several categories is the recorded one', async () => {
  const recorded = readCorpus('hits.jsonl').find(({ id }) => id === 'hit-1889') as CorpusCase;
  const service = await startTracedService(
    (_request, response) => {
      trackOrder({
        ...{ id: 'o-1', revenue: 22, subtotal: 20, tax: 1, shipping: 0.5, discount: 0.25 },
        items: [
          { sku: 'sku1', name: 'Name 1', categories: 'Cat', price: 9.5, quantity: 2 },
          { sku: 'sku2', name: 'Name 2', categories: ['C1', 'C2'], price: 3 },
        ],
      });
      response.end();
    },
    { siteId: 3 },
  );
  const [page, order] = await service.visit('/cart');
  const sent = new URLSearchParams(recorded.hit as string);
  for (const name of words('idgoal ec_id revenue ec_items ec_st ec_tx ec_sh ec_dt')) {
    expect(order?.params[name]).toBe(sent.get(name));
  }
  const { server_time, ...row } = toRecorded(order?.conversion as Conversion, recorded);
  const [{ server_time: _time, ...stored } = {}] = expectedOf(recorded, true);
  expect(row).toEqual(stored);
  expect(order?.params.cid).toBe(page?.params.cid);
});

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
