import { expect, test } from 'vitest';
import { noStats } from '../../../src/tracker/stats.js';
import { eventually } from '../../support/child-process.js';
import { sendSpans, startGateway } from '../../support/gateway.js';
import { startMeterProvider } from '../../support/meter-provider.js';
import { exportRequest, requestSpan } from '../../support/otlp-spans.js';
import { sorted } from '../../support/sorted.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { codeIn, rowsWith } from './pages.js';

const PAGE = 'docs/counts.md';

function namesIn(column: string): string[] {
  return sorted(rowsWith(PAGE, column).flatMap((row) => codeIn(row[column] as string)));
}

test('the page has each number of stats(), and each reason', () => {
  const { lost, ignored, dropped, spans, ...numbers } = noStats();
  expect(namesIn('name')).toEqual(sorted(Object.keys(numbers)));
  expect(namesIn('reason')).toEqual(
    sorted([lost, ignored, dropped].flatMap((reasons) => Object.keys(reasons))),
  );
});

test('the page has each metric', async () => {
  const { meterProvider, collect } = startMeterProvider();
  const { gateway } = await startGateway({ meterProvider, spool: temporaryFolder() });
  await sendSpans(gateway, exportRequest([requestSpan('/a')]));
  await eventually(() => gateway.stats().tracked > 0);
  // The number of hits in a folder is known once its files are listed.
  const names = await eventually(async () => {
    const all = (await collect()).map(([name]) => name.split(' ')[0] as string);
    return all.includes('matomo.spool.hits') && all;
  });
  expect(namesIn('metric')).toEqual(sorted(new Set(names)));
});
