import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Conversion,
  type Inspector,
  type InspectorOptions,
  startInspector,
} from '../../src/inspector/index.js';
import { words } from '../support/words.js';
import { sendWire, type WireRequest } from './inspector-client.js';

type Row = Readonly<Record<string, string | number | null>>;
type Rows = readonly Row[];

/** A hit, hits or a request that was sent to a real Matomo, its answer and its rows (see the READMEs of the fixtures). `{{…}}` stands for times and tokens. */
interface RecordedCase {
  readonly id: string;
  readonly about: string;
  readonly group?: string;
  readonly sent_at: number;
  readonly token?: string;
  readonly times?: Readonly<Record<string, string>>;
  readonly hit?: unknown;
  readonly requests?: readonly unknown[];
  readonly headers?: WireRequest['headers'];
  readonly request?: Partial<WireRequest> & { readonly body_base64?: string };
  readonly raw?: Partial<WireRequest>;
  readonly answer: { readonly contentType: string; readonly body: unknown };
  readonly stored: Readonly<Record<'actions', Rows>> &
    Readonly<Partial<Record<'visits' | 'conversions' | 'items' | 'bot', Rows>>>;
}

/** Columns that say how Matomo joins an action with other rows, which the inspector does not build; of AI chatbots, the type was not recorded. */
const NOT_MODELED = /^(?:visit|url_prefix|url_type|pageview_position|idvisitor|idaction_url)$/;
const NOT_RECORDED = /^(?:visit|url_prefix|url_type|idaction_url|type)$/;
const REFERRER_COLUMNS = words('referer_type referer_name referer_keyword');
const ITEM_COLUMNS = words('sku name price quantity category');
const CONVERSION_COLUMNS = words(`
  idgoal idorder idsite revenue revenue_subtotal revenue_tax revenue_shipping revenue_discount items server_time
`);
/** Columns of `log_bot_request`, and their names here. */
const BOT_COLUMNS = Object.entries({
  ...{ idsite: 'site', bot_name: 'name', url: 'url', http_status_code: 'statusCode' },
  ...{ response_size_bytes: 'bytes', response_time_ms: 'millis', source: 'source' },
});

const CORPUS: InspectorOptions = {
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
};

const SITES = [8, 9, 10, 11, 12, 13];
const OF_CHATBOTS: InspectorOptions = {
  sites: Object.fromEntries(SITES.map((id) => [id, { dimensions: [1, 2] }])),
  tokens: {
    'TOKEN-super': 'super',
    'TOKEN-write': { role: 'write', sites: SITES },
    'TOKEN-writer': { role: 'write', sites: SITES },
    'TOKEN-admin': { role: 'admin', sites: [1] },
    'TOKEN-view': { role: 'view', sites: SITES },
  },
};

/** What was recorded, and the options that make an inspector the same Matomo. */
const VARIANTS: readonly [name: string, InspectorOptions, ReturnType<typeof readCases>][] = [
  ['corpus', CORPUS, readCases('matomo-corpus/hits')],
  ['corpus of bulks', CORPUS, readCases('matomo-corpus/bulks')],
  ...Object.entries<InspectorOptions>({
    p512: { matomoVersion: 'newest' },
    p57: { matomoVersion: '5.7' },
    u52: { matomoVersion: '5.6' },
    off: { matomoVersion: 'newest', botTracking: false },
  }).map(([name, options]): (typeof VARIANTS)[number] => {
    const cases = readCases('matomo-ai-chatbots/cases', `${name}-`);
    return [name, { ...OF_CHATBOTS, ...options }, cases];
  }),
];

/** The cases of a file, by what they have in common. */
function readCases(file: string, prefix = ''): [string, RecordedCase[]][] {
  const lines = readFileSync(new URL(`../fixtures/${file}.jsonl`, import.meta.url), 'utf8');
  const cases = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedCase);
  const wanted = cases.filter(({ id }) => id.startsWith(prefix));
  const nameOf = ({ group, about }: RecordedCase) => group ?? about;
  const names = [...new Set(wanted.map(nameOf))];
  return names.map((name) => [name, wanted.filter((one) => nameOf(one) === name)]);
}

function toWireRequest(recorded: RecordedCase): WireRequest {
  const { hit, requests, token = 'none', times = {}, raw } = recorded;
  const request: RecordedCase['request'] = recorded.request ?? raw;
  const fill = (text: string, encode = (value: string) => value) =>
    text.replace(/\{\{([^}]*)\}\}/g, (placeholder, name: string) => {
      if (name.startsWith('token:')) return name.replace('token:', 'TOKEN-');
      return times[name] === undefined ? placeholder : encode(times[name]);
    });
  const { path = '/matomo.php', headers, body = '', body_base64, ...rest } = request ?? {};
  const filled = typeof hit === 'string' ? fill(hit, encodeURIComponent) : hit;
  const auth = token === 'none' ? {} : { token_auth: `TOKEN-${token}` };
  const text = request ? String(body) : JSON.stringify({ requests: requests ?? [filled], ...auth });
  const all = Object.entries({ ...headers, ...recorded.headers });
  return {
    ...rest,
    path: fill(path),
    headers: Object.fromEntries(all.map(([name, value]) => [name, value && fill(value)])),
    body: body_base64 === undefined ? fill(text) : Buffer.from(body_base64, 'base64'),
  };
}

function toExpected(recorded: RecordedCase): object {
  const { id, hit, answer, stored, sent_at } = recorded;
  const { actions, visits = [], conversions = [], items = [], bot } = stored;
  return {
    id,
    answer: toAnswer({ ...answer, contentType: answer.contentType.replace(/;.*/, '') }),
    actions: actions.map((row) => toAction(row, bot ? NOT_RECORDED : NOT_MODELED, sent_at)),
    ...(bot && { bot: bot.map((row) => toBot(row, sent_at)) }),
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

/** Images are recorded by their size alone. */
function toAnswer<Answer extends { readonly body: unknown }>(answer: Answer): Answer {
  const { body } = answer;
  if (typeof body !== 'string') return answer;
  if (body.startsWith('{')) return { ...answer, body: JSON.parse(body) };
  if (body.startsWith('GIF') || /^<\d+ bytes>$/.test(body)) return { ...answer, body: '<image>' };
  const isInfo = body.startsWith('This resource is part of Matomo');
  return isInfo ? { ...answer, body: '<info>' } : answer;
}

function toAction(row: object, notModeled: RegExp, timeOffset = 0): object {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name, value]) => !notModeled.test(name) && value !== null)
      .map(([name, value]) => [name, name === 'server_time' ? value + timeOffset : value]),
  );
}

/** A row without a URL has no kind in Matomo. */
function toBot(row: Row, sentAt: number): object {
  const columns = BOT_COLUMNS.flatMap(([column, name]) =>
    row[column] === null ? [] : [[name, row[column]]],
  );
  const kind = row.url_type === 3 ? 'document' : 'page';
  const time = Number(row.server_time) + sentAt;
  return { ...Object.fromEntries(columns), time, ...(row.url !== null && { kind }) };
}

/** Of a single hit with a goal, an order or a cart. Hits of bots are answered as if they were tracked. */
function hasConversions(recorded: RecordedCase): recorded is RecordedCase & { hit: string } {
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

describe.each(VARIANTS)('%s', (_variant, options, groups) => {
  let inspector: Inspector;
  let now = 0;
  beforeAll(async () => {
    const clock = () => now * 1000;
    inspector = await startInspector({ ...options, customVariables: true, clock });
  });
  afterAll(() => inspector.close());

  async function replay(recorded: RecordedCase): Promise<object> {
    const {
      id,
      hit,
      sent_at,
      stored: { bot },
    } = recorded;
    now = sent_at;
    inspector.clear();
    const answer = await sendWire(inspector, toWireRequest(recorded));
    const hits = inspector.hits();
    const actions = hits.flatMap(({ stored }) => stored ?? []);
    const referrers = hits.flatMap(({ referrer }) => referrer ?? []);
    const conversions = hits.flatMap(({ conversion }) => conversion ?? []);
    const bots = inspector
      .aiRequests()
      .map(({ kind, ...row }) => (row.url ? { ...row, kind } : row));
    return {
      id,
      answer: toAnswer(answer),
      actions: actions.map((row) => toAction(row, bot ? NOT_RECORDED : NOT_MODELED)),
      ...(bot && { bot: bots }),
      ...(hit !== undefined && { referrers: referrers.map(({ kind, ...row }) => row) }),
      ...(hasConversions(recorded) && {
        conversions: conversions.map((row) => only(CONVERSION_COLUMNS, row)),
        items: conversions.flatMap(toItems),
      }),
    };
  }

  test.each(groups)('%s', async (_, recorded) => {
    const actual: object[] = [];
    for (const each of recorded) actual.push(await replay(each));
    expect(actual).toEqual(recorded.map(toExpected));
  });
});
