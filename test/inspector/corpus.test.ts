import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Conversion, type Inspector, startInspector } from '../../src/inspector/index.js';
import { type CorpusCase, readCorpus, sendWire, toWireRequest } from './corpus-cases.js';

/**
 * Columns of a recorded action that say how Matomo joins it with other rows and visits, which the
 * inspector does not build. No case is left out for them.
 */
const NOT_MODELLED = /^(?:visit|url_prefix|url_type|pageview_position|idvisitor)$/;
const CASES = { 'hits.jsonl': 1784, 'bulks.jsonl': 168 };
const CONVERSION_COLUMNS =
  'idgoal idorder idsite revenue revenue_subtotal revenue_tax revenue_shipping revenue_discount items server_time'.split(
    ' ',
  );

let now = 0;
let inspector: Inspector;

beforeAll(async () => {
  inspector = await startInspector({
    clock: () => now * 1000,
    customVariables: true,
    // The corpus is of Matomo 5.2, which does not read `recMode`.
    matomoVersion: '5.6',
    sites: {
      1: {
        urls: ['https://app.example.org', 'http://api.example.org'],
        goals: [1, 2, 3],
        dimensions: [1, 2, 3],
      },
      2: { urls: ['https://two.example.net'], goals: [1], dimensions: [1, 2, 3] },
      3: { urls: ['https://shop.example.com'] },
    },
    tokens: {
      'token-super': 'super',
      'token-write': { role: 'write', sites: [1, 2] },
      'token-view': { role: 'view', sites: [1, 2, 3] },
    },
  });
});

afterAll(() => inspector.close());

function toBody(text: string): unknown {
  if (text.startsWith('This resource is part of Matomo')) return '<info>';
  return text.startsWith('{') ? (JSON.parse(text) as unknown) : text;
}

function toAction(row: Record<string, unknown>, timeOffset: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !NOT_MODELLED.test(column))
      .map(([column, value]) => [
        column,
        column === 'server_time' ? (value as number) + timeOffset : value,
      ]),
  );
}

async function replay(recorded: CorpusCase): Promise<unknown> {
  now = recorded.sent_at;
  inspector.clear();
  const answer = await sendWire(inspector, toWireRequest(recorded));
  const stored = inspector
    .hits()
    .flatMap((hit) => (hit.stored === null ? [] : [{ ...hit.stored }]));
  const referrers = inspector.hits().flatMap(({ referrer }) => referrer ?? []);
  const conversions = inspector.hits().flatMap(({ conversion }) => conversion ?? []);
  return {
    id: recorded.id,
    answer: { ...answer, body: toBody(answer.body.toString()) },
    actions: stored.map((row) => toAction(row, 0)),
    ...(recorded.hit === undefined ? {} : { referrers: referrers.map(({ kind, ...row }) => row) }),
    ...(hasConversions(recorded) && {
      conversions: conversions.map(toConversion),
      items: conversions.flatMap(toItems),
    }),
  };
}

function toExpected(recorded: CorpusCase): unknown {
  const { id, hit, answer, stored, sent_at } = recorded;
  const { conversions = [], items = [] } = stored;
  return {
    id,
    answer: { ...answer, body: toBody(answer.body) },
    actions: stored.actions.map((row) => toAction(row, sent_at)),
    ...(hit === undefined ? {} : { referrers: (stored.visits ?? []).map(toReferrer) }),
    ...(hasConversions(recorded) && {
      conversions: conversions.map((row) =>
        toConversion({
          ...row,
          server_time: Number(row.server_time) + sent_at,
          ...(hasOwnRevenue(row, recorded.hit) && { revenue: undefined }),
        }),
      ),
      items: items.map(({ sku, name, price, quantity, category }) => {
        return { sku, name, price, quantity, category };
      }),
    }),
  };
}

/** Of a single hit with a goal, an order or a cart. Hits of bots are answered as if they were tracked. */
function hasConversions(recorded: CorpusCase): recorded is CorpusCase & { hit: string } {
  const { hit, stored, answer } = recorded;
  const isStored = (stored.visits ?? []).length > 0 || !answer.body.includes('"tracked":1');
  return typeof hit === 'string' && /[?&]idgoal=\d/.test(hit) && isStored;
}

function toConversion(row: object): object {
  const columns = Object.entries(row).filter(([column]) => CONVERSION_COLUMNS.includes(column));
  return Object.fromEntries(columns);
}

/** A goal that is sent without a revenue has its own, which the inspector does not know. */
function hasOwnRevenue({ idgoal }: Record<string, unknown>, hit: string): boolean {
  return Number(idgoal) > 0 && !/[?&]revenue=[^&]/.test(hit);
}

function toItems({ lines = [] }: Conversion): object[] {
  return lines.map(({ sku, name = null, categories, price, quantity }) => {
    return { sku, name, price, quantity, category: categories[0] ?? null };
  });
}

function toReferrer(visit: Record<string, unknown>): unknown {
  const columns = ['referer_type', 'referer_name', 'referer_keyword'];
  return Object.fromEntries(Object.entries(visit).filter(([column]) => columns.includes(column)));
}

describe.each(Object.entries(CASES))('%s', (file, size) => {
  const cases = readCorpus(file);
  const byRule = new Map<string, CorpusCase[]>();
  for (const recorded of cases) {
    byRule.set(recorded.about, [...(byRule.get(recorded.about) ?? []), recorded]);
  }

  test('every case is replayed', () => {
    expect(cases).toHaveLength(size);
  });

  test.each([...byRule])('%s', async (_, recorded) => {
    const actual: unknown[] = [];
    for (const each of recorded) actual.push(await replay(each));
    expect(actual).toEqual(recorded.map(toExpected));
  });
});
