import { expect, test } from 'vitest';
import { expectHits } from '../capture/columns.js';
import type { Hits } from '../capture/scenario.js';
import {
  type MatomoOptions,
  type Span,
  type TrackedSpans,
  trackSpans,
  type Way,
} from '../doors/spans.js';

/** Spans, and the hits that are made of them, whichever way they come. */
export interface Row {
  readonly name: string;
  /** In the order in which they end. */
  readonly spans: readonly Span[];
  readonly options?: MatomoOptions;
  /** Of the service. */
  readonly resource?: Parameters<typeof trackSpans>[3];
  readonly hits: Hits;
  readonly ignored?: Readonly<Record<string, number>>;
  readonly dropped?: Readonly<Record<string, number>>;
  /** Spans with something for Matomo that had no effect. The gateway has its own rule. */
  readonly unused?: number;
  /** Of what is logged. */
  readonly codes?: readonly string[];
  /** @default all */
  readonly ways?: readonly Way[];
}

const WAYS: readonly Way[] = ['exporter', 'gateway', 'processor'];

/** Of rows about what spans say, which one function reads: each comes one way, in turns. */
export function trackInTurns(rows: readonly Row[]): void {
  track(rows.map((row, i) => ({ ways: [WAYS[i % WAYS.length] as Way], ...row })));
}

/** Exporters and gateways also get the spans in reverse order, a gateway one by one. */
export function track(rows: readonly Row[]): void {
  const inAnyOrder = rows.filter(({ spans }) => spans.length > 1);
  test.each(casesOf(rows, WAYS))('%s (%s)', async (_name, way, row) => {
    const { spans, options, resource, codes = [] } = row;
    const tracked = await trackSpans(way, [spans], options, resource);
    check(tracked, row, way);
    expect(tracked.codes).toEqual(codes);
  });

  test.each(casesOf(inAnyOrder, ['exporter']))(
    '%s (%s, in reverse order)',
    async (_name, way, row) => {
      const { spans, options, resource } = row;
      check(await trackSpans(way, [spans.toReversed()], options, resource), row, way);
    },
  );

  // All at once, because each gateway waits for further spans.
  let sent: Promise<Map<Row, TrackedSpans>> | undefined;
  test.each(casesOf(inAnyOrder, ['gateway']))(
    '%s (%s, one by one in reverse order)',
    async (_name, way, row) => {
      sent ??= sendOneByOne(casesOf(inAnyOrder, ['gateway']).map(([, , each]) => each));
      check((await sent).get(row) as TrackedSpans, row, way);
    },
  );
}

function casesOf(rows: readonly Row[], ways: readonly Way[]) {
  return rows.flatMap((row) =>
    (row.ways ?? WAYS)
      .filter((way) => ways.includes(way))
      .map((way) => [row.name, way, row] as const),
  );
}

async function sendOneByOne(rows: readonly Row[]): Promise<Map<Row, TrackedSpans>> {
  const tracked = rows.map(async (row) => {
    const exports = row.spans.toReversed().map((span) => [span]);
    return [row, await trackSpans('gateway', exports, row.options, row.resource)] as const;
  });
  return new Map(await Promise.all(tracked));
}

function check(tracked: TrackedSpans, row: Row, way: Way): void {
  const { hits, ignored = {}, dropped = {}, unused = 0 } = row;
  expectHits(
    tracked.hits,
    hits.map((hit) => (typeof hit === 'string' ? { hit } : hit)),
  );
  const counts = { ignored: tracked.ignored, dropped: tracked.dropped, lost: tracked.lost };
  expect(counts).toEqual({ ignored, dropped, lost: {} });
  if (way !== 'gateway') expect(tracked.stats.spans.unused).toBe(unused);
  checkMetrics(tracked, way);
}

/** A meter provider gets all that is counted, also what is 0. */
function checkMetrics({ stats, metrics }: TrackedSpans, way: Way): void {
  const { tracked, accepted, invalid } = stats;
  expect(metrics).toMatchObject({
    'matomo.queue.size': stats.pending,
    'matomo.queue.oldest_age': 0,
    'matomo.hits tracked': tracked,
    'matomo.hits accepted': accepted,
    'matomo.hits invalid': invalid,
    ...named('matomo.hits lost', stats.lost),
    ...named('matomo.hits.dropped', stats.dropped),
    ...named('matomo.requests.ignored', stats.ignored),
    'matomo.hits.additional': stats.additionalHits,
    'matomo.hits.ai_chatbots': stats.aiChatbots,
    'matomo.hits.resent': stats.resent,
    'matomo.spans.unused': stats.spans.unused,
  });
  expect(metrics['matomo.exports.refused']).toBe(way === 'gateway' ? 0 : undefined);
}

const named = (metric: string, counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${metric} ${name}`, count]));
