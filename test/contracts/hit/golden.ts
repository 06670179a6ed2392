import { expect, test } from 'vitest';
import { type Built, type Facts, type MatomoOptions, NOON, openBuilder } from '../doors/build.js';

/** A parameter by its name; `null`: the hit does not have it. */
export type Differences = Readonly<Record<string, string | null>>;

interface Hit {
  readonly kind: 'page' | 'chatbot' | 'additional';
  readonly differences: Differences;
}

/** One request, the options with which it is tracked, and how its hits differ from those that a reader of the facts expects. */
interface Row {
  readonly name?: string;
  readonly facts?: Facts;
  readonly options?: MatomoOptions;
  /** Requests that came before, of which nothing is compared. */
  readonly before?: readonly Facts[];
  /** The only hit. @default a page view as expected */
  readonly page?: Differences;
  readonly chatbot?: Differences;
  /** All hits, if it is not one. */
  readonly hits?: readonly Hit[];
  readonly ignored?: string;
  readonly dropped?: Readonly<Record<string, number>>;
  readonly problems?: readonly string[];
}

const MADE_ID = expect.stringMatching(/^[\da-f]{16}$/);

const hitOf =
  (kind: Hit['kind']) =>
  (differences: Differences = {}): Hit => ({ kind, differences });
export const page = hitOf('page');
export const chatbot = hitOf('chatbot');
export const additional = hitOf('additional');

export function variables(
  status: number,
  method: string,
  others: Readonly<Record<string, string>> = {},
): string {
  const all = { http_status_code: String(status), http_method: method, ...others };
  return JSON.stringify(
    Object.fromEntries(Object.entries(all).map((variable, i) => [i + 1, variable])),
  );
}

/** Compares all parameters of all hits of each row. */
export function golden(rows: readonly Row[]): void {
  test.each(rows.map((row) => [nameOf(row), row] as const))('%s', (_name, row) => {
    const { facts = {}, options, before = [], ignored, dropped = {}, problems = [] } = row;
    const builder = openBuilder(options);
    for (const each of before) builder.build(each);
    const built = builder.build(facts);
    builder.close();
    const hits = hitsOf(row).map((hit) => ({
      kind: hit.kind === 'chatbot' ? 'chatbot' : 'action',
      parameters: parametersOf(hit, facts),
    }));
    expect(built.hits.map(({ kind, parameters }) => ({ kind, parameters }))).toEqual(hits);
    const others = { ignored: built.ignored, dropped: built.dropped, problems: built.problems };
    expect(others).toEqual({ ignored, dropped, problems });
    checkCounts(built);
  });
}

function nameOf({ name, facts = {}, options = {} }: Row): string {
  return name ?? JSON.stringify({ ...facts, options }, textOf).slice(0, 120);
}

function textOf(_key: string, value: unknown): unknown {
  return typeof value === 'function' || value instanceof RegExp ? String(value) : value;
}

function hitsOf({ hits, page: ofPage, chatbot: ofChatbot, ignored }: Row): readonly Hit[] {
  if (hits) return hits;
  if (ofChatbot) return [chatbot(ofChatbot)];
  return ignored === undefined ? [page(ofPage)] : [];
}

/** What a hit is expected to have: the facts as they are, with nothing configured. */
function parametersOf({ kind, differences }: Hit, facts: Facts): Record<string, string> {
  const { method = 'GET', path = '/users/42', route = '/users/:id', status = 200 } = facts;
  const headers = { 'user-agent': 'curl/8.5.0', ...facts.headers };
  const ofEach: Differences = {
    idsite: '1',
    rec: '1',
    apiv: '1',
    bots: '1',
    cid: MADE_ID,
    ua: headers['user-agent'] ?? '-',
    lang: 'sv-SE',
    url: `https://shop.example.org${path}${facts.query ? `?${facts.query}` : ''}`,
    cdt: String(NOON / 1000),
  };
  const ofPage: Differences = {
    action_name: `${method} ${route === '' ? path : route}`,
    gt_ms: '12',
    pf_srv: '12',
    cvar: variables(status, method),
  };
  const ofKind: Record<Hit['kind'], Differences> = {
    page: ofPage,
    chatbot: {
      ...ofPage,
      recMode: '1',
      http_status: String(status),
      bw_bytes: facts.bodyBytes === undefined ? null : String(facts.bodyBytes),
      source: 'opentelemetry-matomo',
    },
    additional: { cdt: String(NOON / 1000 + 1) }, // that of the call, one second after the start
  };
  return withoutNull({ ...ofEach, ...ofKind[kind], ...differences });
}

/** Each hit is counted once, and names its site and its visitor. */
function checkCounts({ hits, ignored, counts }: Built): void {
  const pages = ignored === undefined && hits.length > counts.additional ? 1 : 0;
  expect(counts).toEqual({
    hits: hits.length,
    additional: hits.length - pages,
    chatbots: hits.filter(({ kind }) => kind === 'chatbot').length,
  });
  for (const { site, visitor, parameters } of hits) {
    expect(String(site)).toBe(parameters.idsite);
    expect(visitor).toBe(parameters.uid ?? parameters.cid ?? '');
  }
}

function withoutNull(parameters: Differences): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
