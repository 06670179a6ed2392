import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { watchFirstRequests } from '../../src/tracker/stats.js';
import { serverSpan } from '../support/builders.js';
import { diagnosticsTo } from '../support/diagnostics.js';
import { captureOutput } from '../support/output.js';

function watch() {
  const lines: string[] = [];
  const count = watchFirstRequests(diagnosticsTo((line) => lines.push(line)));
  const countAll = (times: number, reason: string | undefined) => {
    for (let i = 0; i < times; i++) count(reason as Parameters<typeof count>[0]);
  };
  return { lines, countAll };
}

test('if the first 20 requests are all ignored as noise, one line has the counts', () => {
  const { lines, countAll } = watch();
  countAll(15, 'static');
  countAll(3, 'prefetch');
  countAll(1, 'polling');
  expect(lines).toEqual([]);
  countAll(1, 'mcp');
  expect(lines).toEqual([
    expect.stringMatching(
      /\b20 requests\b.*\(static: 15, prefetch: 3, polling: 1, mcp: 1\).*\[all-ignored\]$/,
    ),
  ]);
  countAll(40, 'static');
  expect(lines).toHaveLength(1);
});

test.each([
  ['a hit', undefined],
  ['a request that an option of the user ignores', 'path'],
])('%s among them: no line', (_what, reason) => {
  const { lines, countAll } = watch();
  countAll(19, 'static');
  countAll(1, reason);
  countAll(40, 'static');
  expect(lines).toEqual([]);
});

test('20 requests for scripts are such requests', () => {
  const output = captureOutput();
  const matomo = new MatomoSpanExporter({ url: 'http://127.0.0.1:9', siteId: 1 });
  onTestFinished(() => matomo.shutdown());
  const spans = Array.from({ length: 30 }, () => serverSpan('/assets/app.js'));
  matomo.export(spans, () => undefined);
  expect(matomo.stats().ignored.static).toBe(30);
  expect(output).toEqual([expect.stringContaining('(static: 20)')]);
});
