import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Conversion, type Inspector, startInspector } from '../../src/inspector/index.js';
import { words } from '../support/words.js';
import {
  type RecordedCase,
  readCases,
  sendWire,
  toAction,
  toAnswer,
  toBulk,
  type WireRequest,
} from './corpus-cases.js';

type Row = Readonly<Record<string, string | number>>;

/** A hit, or a request, in which `{{…}}` stands for times and tokens. */
interface CorpusCase extends RecordedCase {
  readonly times?: Readonly<Record<string, string>>;
  readonly hit?: unknown;
  readonly request?: Partial<WireRequest> & { readonly body_base64?: string };
  readonly stored: {
    readonly actions: readonly Row[];
    readonly visits?: readonly Row[];
    readonly conversions?: readonly Row[];
    readonly items?: readonly Row[];
  };
}

const NOT_MODELED = /^(?:visit|url_prefix|url_type|pageview_position|idvisitor)$/;
const REFERRER_COLUMNS = words('referer_type referer_name referer_keyword');
const ITEM_COLUMNS = words('sku name price quantity category');
const CONVERSION_COLUMNS = words(`
  idgoal idorder idsite revenue revenue_subtotal revenue_tax revenue_shipping revenue_discount items server_time
`);

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
      'TOKEN-super': 'super',
      'TOKEN-write': { role: 'write', sites: [1, 2] },
      'TOKEN-view': { role: 'view', sites: [1, 2, 3] },
    },
  });
});

afterAll(() => inspector.close());

function toWireRequest({ hit, token, times = {}, request = {} }: CorpusCase): WireRequest {
  const fill = (text: string, encode = (value: string) => value) =>
    text.replace(/\{\{([^}]*)\}\}/g, (placeholder, name: string) => {
      if (name.startsWith('token:')) return name.replace('token:', 'TOKEN-');
      return times[name] === undefined ? placeholder : encode(times[name]);
    });
  const { method, path = '/matomo.php', headers = {}, body, body_base64 } = request;
  const filled = typeof hit === 'string' ? fill(hit, encodeURIComponent) : hit;
  const text = typeof body === 'string' ? body : toBulk([filled], token);
  return {
    ...(method && { method }),
    path: fill(path),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, fill(String(value))]),
    ),
    body: body_base64 === undefined ? fill(text) : Buffer.from(body_base64, 'base64'),
  };
}

async function replay(recorded: CorpusCase): Promise<unknown> {
  now = recorded.sent_at;
  inspector.clear();
  const answer = await sendWire(inspector, toWireRequest(recorded));
  const hits = inspector.hits();
  const referrers = hits.flatMap(({ referrer }) => referrer ?? []);
  const conversions = hits.flatMap(({ conversion }) => conversion ?? []);
  return {
    id: recorded.id,
    answer: { ...toAnswer(answer), contentType: answer.contentType },
    actions: hits.flatMap(({ stored }) => (stored ? toAction(stored, NOT_MODELED) : [])),
    ...(recorded.hit !== undefined && { referrers: referrers.map(({ kind, ...row }) => row) }),
    ...(hasConversions(recorded) && {
      conversions: conversions.map((row) => only(CONVERSION_COLUMNS, row)),
      items: conversions.flatMap(toItems),
    }),
  };
}

function toExpected(recorded: CorpusCase): unknown {
  const { id, hit, answer, stored, sent_at } = recorded;
  const { visits = [], conversions = [], items = [] } = stored;
  return {
    id,
    answer: toAnswer(answer),
    actions: stored.actions.map((row) => toAction(row, NOT_MODELED, sent_at)),
    ...(hit !== undefined && { referrers: visits.map((row) => only(REFERRER_COLUMNS, row)) }),
    ...(hasConversions(recorded) && {
      conversions: conversions.map((row) => ({
        ...only(CONVERSION_COLUMNS, row),
        server_time: Number(row.server_time) + sent_at,
        ...(hasOwnRevenue(row, recorded.hit) && { revenue: undefined }),
      })),
      items: items.map((row) => only(ITEM_COLUMNS, row)),
    }),
  };
}

/** Of a single hit with a goal, an order or a cart. Hits of bots are answered as if they were tracked. */
function hasConversions(recorded: CorpusCase): recorded is CorpusCase & { hit: string } {
  const { hit, stored, answer } = recorded;
  const isStored = (stored.visits ?? []).length > 0 || !String(answer.body).includes('"tracked":1');
  return typeof hit === 'string' && /[?&]idgoal=\d/.test(hit) && isStored;
}

/** A goal that is sent without a revenue has its own, which the inspector does not know. */
function hasOwnRevenue({ idgoal }: Row, hit: string): boolean {
  return Number(idgoal) > 0 && !/[?&]revenue=[^&]/.test(hit);
}

function toItems({ lines = [] }: Conversion): object[] {
  return lines.map(({ sku, name = null, categories, price, quantity }) => {
    return { sku, name, price, quantity, category: categories[0] ?? null };
  });
}

function only(columns: readonly string[], row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => columns.includes(name)));
}

test.each([
  ...['hits', 'bulks'].flatMap((file) => [
    ...readCases<CorpusCase>(`matomo-corpus/${file}.jsonl`, ({ about }) => about),
  ]),
])('%s', async (_, recorded) => {
  const actual: unknown[] = [];
  for (const each of recorded) actual.push(await replay(each));
  expect(actual).toEqual(recorded.map(toExpected));
});
