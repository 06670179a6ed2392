import { expect, onTestFinished, test } from 'vitest';
import { backOffMillis } from '../../../src/delivery/answer/back-off.js';
import { maxQueueBytes } from '../../../src/delivery/delivery-options.js';
import { toLines } from '../../../src/delivery/spool/hit-line.js';
import { createHitBuilder } from '../../../src/hit/hit-builder.js';
import { MatomoSpanExporter } from '../../../src/index.js';
import { OPTIONS } from '../../../src/options/option-table.js';
import { finishedSpan, HIT_OPTIONS, httpRequest } from '../../support/builders.js';
import { read, rowsWith } from './pages.js';

const PAGE = 'docs/what-happens-when-matomo-is-down.md';
const COLUMN = 'requests per second and process';
const rows = rowsWith(PAGE, COLUMN);

/** What the page assumes of a hit in a spool. */
const HIT_BYTES = 500;

const defaultOf = (
  name:
    | 'exportTimeoutMillis'
    | 'maxExportBatchSize'
    | 'maxQueueSize'
    | 'maxSpoolBytes'
    | 'maxSpoolAgeMillis',
) => OPTIONS[name].default as number;

/** Rounded down, in the largest unit that leaves two digits. */
function show(seconds: number): string {
  if (seconds < 90) return `${Math.floor(seconds)} s`;
  if (seconds < 3 * 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 8640) / 10} days`;
}

const OUTAGE_SECONDS = 2 * 3600;

test('the page has the table', () => {
  expect(rows).not.toEqual([]);
});

test.each(rows)('the queue and the spool last as long as the page says: $0', (row) => {
  const perSecond = Number(row[COLUMN]?.replace(',', ''));
  const lost = Math.max(0, perSecond * OUTAGE_SECONDS - defaultOf('maxQueueSize'));
  const spoolSeconds = defaultOf('maxSpoolBytes') / HIT_BYTES / perSecond;
  expect(row).toEqual({
    [COLUMN]: row[COLUMN],
    'memory lasts': show(defaultOf('maxQueueSize') / perSecond),
    'a spool lasts': show(Math.min(spoolSeconds, defaultOf('maxSpoolAgeMillis') / 1000)),
    'lost in two hours, in memory': lost.toLocaleString('en-US'),
  });
});

test('a Matomo that hangs costs as many hits in two hours as the page says', () => {
  let attempts = 0;
  for (let millis = 0; millis < OUTAGE_SECONDS * 1000; ) {
    attempts += 1;
    millis += defaultOf('exportTimeoutMillis') + backOffMillis(attempts, () => 0.5);
  }
  const lost = attempts * defaultOf('maxExportBatchSize');
  const [, shown] = /about ([\d,]+) hits in two hours/.exec(read(PAGE)) ?? [];
  expect(shown).toBe(lost.toLocaleString('en-US'));
});

test('the queue that the page sets for two hours is large enough, and its memory is stated', () => {
  const page = read(PAGE);
  const size = Number(/MATOMO_MAX_QUEUE_SIZE=(\d+)/.exec(page)?.[1]);
  expect(size).toBe(20 * OUTAGE_SECONDS);
  expect(page).toContain(`at most ${Math.floor(maxQueueBytes(size) / 1e6)} MB`);
});

test('a hit of a browser takes at most as many bytes in a spool as the page assumes', () => {
  const userAgent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
  const request = httpRequest({ userAgent, acceptLanguage: 'en-US,en;q=0.9,de;q=0.8' });
  const build = createHitBuilder({ ...HIT_OPTIONS, hasToken: true }, () => undefined);
  const [line] = toLines(build(request, 1, Date.now()));
  expect(line?.length).toBeLessThanOrEqual(HIT_BYTES);
});

test('the queue in memory takes its default number of hits before one is lost', async () => {
  const matomo = new MatomoSpanExporter({ url: 'http://127.0.0.1:9', siteId: 1 });
  onTestFinished(() => matomo.shutdown());
  const attributes = {
    'http.request.method': 'GET',
    'url.path': '/users/42',
    'user_agent.original': 'x'.repeat(200),
  };
  const spans = Array.from({ length: defaultOf('maxQueueSize') + 1 }, () =>
    finishedSpan({ attributes }),
  );
  matomo.export(spans, () => undefined);
  const { pending, lost } = matomo.stats();
  expect([pending, lost.queue_full]).toEqual([defaultOf('maxQueueSize'), 1]);
});
