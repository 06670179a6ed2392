import { expect, test } from 'vitest';
import { type Built, type Facts, type MatomoOptions, NOON, openBuilder } from '../doors/build.js';

/** A parameter by its name; `null`: the hit does not have it. */
type Differences = Readonly<Record<string, string | null>>;

interface Expected {
  readonly kind: 'action' | 'chatbot';
  readonly parameters: Differences;
}

/** One request, the options with which it is tracked, and its hits. */
interface Row {
  readonly name: string;
  readonly facts?: Facts;
  readonly options?: MatomoOptions;
  /** Requests that came before, of which nothing is compared. */
  readonly before?: readonly Facts[];
  /** @default one page view that is the base hit */
  readonly hits?: readonly Expected[];
  /** Why there is no page view. */
  readonly ignored?: string;
  readonly dropped?: Readonly<Record<string, number>>;
  /** Codes of what is logged. */
  readonly problems?: readonly string[];
}

/** A visitor ID that is made of the request: 16 hex digits. */
const MADE_ID = 'made of the request';

/** What all hits of a request have in common. */
const SHARED: Differences = {
  idsite: '1',
  rec: '1',
  apiv: '1',
  bots: '1',
  cid: MADE_ID,
  ua: 'curl/8.5.0',
  lang: 'sv-SE',
  url: 'https://shop.example.org/users/42',
  cdt: String(NOON / 1000),
};

/** The page view of `GET /users/42` with nothing configured. */
const PAGE: Differences = {
  ...SHARED,
  action_name: 'GET /users/:id',
  gt_ms: '12',
  pf_srv: '12',
  cvar: '{"1":["http_status_code","200"],"2":["http_method","GET"]}',
};

/** The page view that differs from the base hit in these parameters only. */
export function page(differences: Differences = {}): Expected {
  return { kind: 'action', parameters: { ...PAGE, ...differences } };
}

/** The same for an AI chatbot. */
export function chatbot(differences: Differences = {}): Expected {
  return { kind: 'chatbot', parameters: { ...PAGE, ...differences } };
}

/** A hit besides the page view: the time is that of the call, one second after the start. */
export function additional(differences: Differences): Expected {
  return {
    kind: 'action',
    parameters: { ...SHARED, cdt: String(NOON / 1000 + 1), ...differences },
  };
}

/** The custom variables of a request. */
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
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const { facts = {}, options, before = [], hits, ignored, dropped = {}, problems = [] } = row;
    const builder = openBuilder(options);
    for (const each of before) builder.build(each);
    const built = builder.build(facts);
    builder.close();
    const expected = hits ?? (ignored === undefined ? [page()] : []);
    const isMade = (i: number) => expected[i]?.parameters.cid === MADE_ID;
    expect({
      hits: built.hits.map(({ kind, parameters }, i) => ({
        kind,
        parameters: isMade(i) ? withoutMadeId(parameters) : parameters,
      })),
      ignored: built.ignored,
      dropped: built.dropped,
      problems: built.problems,
    }).toEqual({
      hits: expected.map(({ kind, parameters }) => ({ kind, parameters: withoutNull(parameters) })),
      ignored,
      dropped,
      problems,
    });
    checkCounts(built);
  });
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

function withoutMadeId(parameters: Readonly<Record<string, string>>): Record<string, string> {
  expect(parameters.cid).toMatch(/^[\da-f]{16}$/);
  return { ...parameters, cid: MADE_ID };
}

function withoutNull(parameters: Differences): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
