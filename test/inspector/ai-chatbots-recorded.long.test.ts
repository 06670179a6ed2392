import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AiRequest,
  type Inspector,
  type InspectorOptions,
  startInspector,
} from '../../src/inspector/index.js';
import {
  type ChatbotCase,
  type RecordedAnswer,
  type RecordedRow,
  readChatbotCases,
  toExchanges,
  variantOf,
} from './ai-chatbot-cases.js';
import { sendWire } from './corpus-cases.js';

/** What was recorded, and the options that make an inspector the same Matomo. */
const VARIANTS: Readonly<Record<string, InspectorOptions>> = {
  p512: { matomoVersion: 'newest' },
  p57: { matomoVersion: '5.7' },
  u52: { matomoVersion: '5.6' },
  off: { matomoVersion: 'newest', botTracking: false },
};

/** Every case that is not replayed is in exactly one of these. */
const LEFT_OUT: readonly {
  reason: string;
  cases: number;
  has: (recorded: ChatbotCase) => boolean;
}[] = [
  {
    reason: 'the inspector has the strict SQL that databases have by default',
    cases: 229,
    has: (recorded) => variantOf(recorded) === 'p512-nonstrict',
  },
  {
    reason: 'the inspector has the bots of the newest device detector',
    cases: 502,
    has: (recorded) => /-dd62$/.test(variantOf(recorded)),
  },
  {
    reason: 'the database fails: a deadlock, a lock that takes too long, a table that is missing',
    cases: 5,
    has: ({ group }) => group === 'database',
  },
  {
    reason: 'settings of a site or a visitor that exclude visits: the inspector has none',
    cases: 16,
    has: ({ group, about, stored }) =>
      group === 'exclusions' &&
      stored.actions.length === 0 &&
      /^(?:IP of the sender|user agent excluded|only URLs of the site: foreign|DNT header|ignore cookie).*(?:Firefox visit|with bots=1)$/.test(
        about,
      ),
  },
  {
    reason: 'settings of a site for its URLs: the inspector has none',
    cases: 2,
    has: ({ id }) => id === 'p512-0554' || id === 'p512-0555',
  },
  {
    reason:
      'a source that is not UTF-8, which the inspector reads as Latin-1 like other parameters',
    cases: 1,
    has: ({ id }) => id === 'p512-0454',
  },
];

/** Columns of an action that say how Matomo joins it with other rows, which the inspector does not build. */
const NOT_MODELED = /^(?:visit|url_prefix|url_type|idaction_url|type)$/;

const SITES = [8, 9, 10, 11, 12, 13];
const cases = readChatbotCases();

/** Images are recorded by their size alone, and some servers name a charset. */
function toAnswer({ status, contentType, body }: RecordedAnswer): RecordedAnswer {
  const type = contentType.split(';', 1)[0] ?? '';
  if (typeof body !== 'string') return { status, contentType: type, body };
  const isImage = body.startsWith('GIF') || /^<\d+ bytes>$/.test(body);
  const json = body.startsWith('{') ? (JSON.parse(body) as unknown) : body;
  return { status, contentType: type, body: isImage ? '<image>' : json };
}

function toRow(row: RecordedRow, sentAt: number, actual: AiRequest | undefined): object {
  const columns = {
    site: row.idsite,
    time: row.server_time + sentAt,
    name: row.bot_name,
    // A row without a URL has no kind in Matomo.
    kind: row.url === null ? actual?.kind : row.url_type === 3 ? 'document' : 'page',
    url: row.url,
    statusCode: row.http_status_code,
    bytes: row.response_size_bytes,
    millis: row.response_time_ms,
    source: row.source,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== null));
}

function toAction(row: object, timeOffset: number): object {
  const kept = Object.entries(row).filter(
    ([name, value]) => !NOT_MODELED.test(name) && value !== null,
  );
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'server_time' ? value + timeOffset : value]),
  );
}

test('every recorded case is replayed, or left out for one reason', () => {
  const counts = LEFT_OUT.map(({ has }) => cases.filter(has).length);
  expect(counts).toEqual(LEFT_OUT.map(({ cases }) => cases));
  const reasons = cases.map((recorded) => LEFT_OUT.filter(({ has }) => has(recorded)).length);
  expect(reasons.filter((count) => count > 1)).toEqual([]);
  expect(new Set(replayed().map(variantOf))).toEqual(new Set(Object.keys(VARIANTS)));
  expect([cases.length, replayed().length]).toEqual([2409, 1654]);
});

function replayed(): ChatbotCase[] {
  return cases.filter((recorded) => !LEFT_OUT.some(({ has }) => has(recorded)));
}

describe.each(Object.entries(VARIANTS))('%s', (variant, options) => {
  let inspector: Inspector;
  let now = 0;

  beforeAll(async () => {
    inspector = await startInspector({
      ...options,
      customVariables: true,
      clock: () => now * 1000,
      sites: Object.fromEntries(SITES.map((id) => [id, { dimensions: [1, 2] }])),
      tokens: {
        'TOKEN-super': 'super',
        'TOKEN-write': { role: 'write', sites: SITES },
        'TOKEN-writer': { role: 'write', sites: SITES },
        'TOKEN-admin': { role: 'admin', sites: [1] },
        'TOKEN-view': { role: 'view', sites: SITES },
      },
    });
  });
  afterAll(() => inspector.close());

  async function replay(recorded: ChatbotCase): Promise<{ actual: object; expected: object }> {
    const { id, about, sent_at, stored } = recorded;
    now = sent_at;
    inspector.clear();
    const exchanges = toExchanges(recorded);
    const answers: RecordedAnswer[] = [];
    for (const [wire] of exchanges) {
      const answer = await sendWire(inspector, wire);
      answers.push(toAnswer({ ...answer, body: answer.body.toString('latin1') }));
    }
    const rows = inspector.aiRequests();
    const actions = inspector.hits().flatMap(({ stored: action }) => action ?? []);
    return {
      actual: { id, about, answers, rows, actions: actions.map((row) => toAction(row, 0)) },
      expected: {
        id,
        about,
        answers: exchanges.map(([, answer]) => toAnswer(answer)),
        rows: stored.bot.map((row, index) => toRow(row, sent_at, rows[index])),
        actions: stored.actions.map((row) => toAction(row, sent_at)),
      },
    };
  }

  const groups = new Map<string, ChatbotCase[]>();
  for (const recorded of replayed()) {
    if (variantOf(recorded) !== variant) continue;
    groups.set(recorded.group, [...(groups.get(recorded.group) ?? []), recorded]);
  }

  test.each([...groups])('%s', async (_, group) => {
    for (const recorded of group) {
      const { actual, expected } = await replay(recorded);
      expect(actual).toEqual(expected);
    }
  });
});
