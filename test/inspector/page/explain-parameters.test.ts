import { expect, test } from 'vitest';
import { PARAMETERS } from '../../../src/hit/parameters/parameter-table.js';
import { MatomoSpanExporter } from '../../../src/index.js';
import { EXPLANATIONS, explain } from '../../../src/inspector/page/explain-parameters.js';
import { serverSpan } from '../../support/builders.js';
import { start } from '../inspector-client.js';

test('whatever this package sends is explained', async () => {
  const inspector = await start({});
  const exporter = new MatomoSpanExporter({
    url: inspector.url,
    siteId: 1,
    tokenAuth: 'x',
    userId: () => 'u',
    dimensions: { 1: 'http.request.method' },
  });
  const attributes = {
    'http.response.status_code': 500,
    'error.type': 'TypeError',
    'client.address': '192.0.2.1',
    'user_agent.original': 'curl',
  };
  exporter.export([serverSpan('/a', attributes)], () => undefined);
  await exporter.shutdown();
  const sent = new Set(inspector.hits().flatMap(({ params }) => Object.keys(params)));
  expect([...sent]).toEqual(expect.arrayContaining(['rec', 'cvar', 'uid', 'dimension1']));
  expect([...sent].filter((name) => explain(name) === undefined)).toEqual([]);
});

test('the parameters that are marked as needing a token are those that need one', () => {
  const marked = Object.keys(EXPLANATIONS).filter((name) =>
    EXPLANATIONS[name]?.endsWith('needs a token'),
  );
  const all = Object.keys(PARAMETERS).filter((name) => PARAMETERS[name]?.needsToken);
  expect(new Set(marked)).toEqual(new Set(all));
});
