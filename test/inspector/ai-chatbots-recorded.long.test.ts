import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AiRequest,
  type Inspector,
  type InspectorOptions,
  startInspector,
} from '../../src/inspector/index.js';
import {
  type RecordedCase,
  readCases,
  sendWire,
  toAction,
  toAnswer,
  toBulk,
  type WireRequest,
} from './corpus-cases.js';

/** A request by an AI chatbot, or something like one. */
interface ChatbotCase extends RecordedCase {
  readonly group: string;
  readonly requests?: readonly unknown[];
  readonly headers?: WireRequest['headers'];
  readonly raw?: WireRequest;
  readonly stored: { readonly bot: readonly RecordedRow[]; readonly actions: readonly object[] };
}

/** A row of `log_bot_request`; times are relative to `sent_at`. */
type RecordedRow = Readonly<
  Record<'idsite' | 'server_time' | 'url_type', number> & Record<string, string | number | null>
>;

/** What was recorded, and the options that make an inspector the same Matomo. */
const VARIANTS: Readonly<Record<string, InspectorOptions>> = {
  p512: { matomoVersion: 'newest' },
  p57: { matomoVersion: '5.7' },
  u52: { matomoVersion: '5.6' },
  off: { matomoVersion: 'newest', botTracking: false },
};
const NOT_MODELED = /^(?:visit|url_prefix|url_type|idaction_url|type)$/;
const SITES = [8, 9, 10, 11, 12, 13];

const groups = readCases<ChatbotCase>(
  'matomo-ai-chatbots/cases.jsonl',
  ({ id, group }) => `${id.replace(/-.*/, '')} ${group}`,
);

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
    const { id, about, sent_at, requests = [], token, headers, raw, stored } = recorded;
    now = sent_at;
    inspector.clear();
    const bulk = { body: raw ? '' : toBulk(requests, token), ...raw };
    const answer = await sendWire(inspector, { ...bulk, headers: { ...raw?.headers, ...headers } });
    const rows = inspector.aiRequests();
    const actions = inspector.hits().flatMap(({ stored: action }) => action ?? []);
    return {
      actual: {
        ...{ id, about, rows, answer: toAnswer(answer) },
        actions: actions.map((row) => toAction(row, NOT_MODELED)),
      },
      expected: {
        ...{ id, about, answer: toAnswer(recorded.answer) },
        rows: stored.bot.map((row, index) => toRow(row, sent_at, rows[index])),
        actions: stored.actions.map((row) => toAction(row, NOT_MODELED, sent_at)),
      },
    };
  }

  test.each([...groups].filter(([name]) => name.startsWith(`${variant} `)))(
    '%s',
    async (_, group) => {
      for (const recorded of group) {
        const { actual, expected } = await replay(recorded);
        expect(actual).toEqual(expected);
      }
    },
  );
});
