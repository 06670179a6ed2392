import { expect, test } from 'vitest';
import { PARAMETERS } from '../../../src/hit/parameters/parameter-table.js';
import { MatomoSpanExporter } from '../../../src/index.js';
import { EXPLANATIONS, explain } from '../../../src/inspector/page/explain-parameters.js';
import { serverSpan } from '../../support/builders.js';
import { inspect, NOW, start } from '../inspector-client.js';

/** Hits that together have every parameter that is kept with the action. */
const HITS: Record<string, string>[] = [
  {
    url: 'https://a.test/',
    action_name: 'a',
    idsite: '1',
    cdt: String(NOW - 60),
    pv_id: 'abcdef',
    ...{ pf_net: '1', pf_srv: '2', pf_tfr: '3', pf_dm1: '4', pf_dm2: '5', pf_onl: '6' },
    ...{ _pkc: 'c', _pkp: '1.5', _pks: 's', _pkn: 'n' },
    ...{ 'dimension*': '', dimension2: 'gold', cvar: '{"1":["a","b"]}' },
  },
  { e_c: 'c', e_a: 'a', e_n: 'n', e_v: '2' },
  { search: 'shoes', search_cat: 'c', search_count: '3' },
  { c_n: 'n', c_p: 'p', c_t: 't', c_i: 'i' },
  { link: 'https://b.test/' },
  { download: 'https://b.test/f.zip' },
];

test('every column of the action that a parameter is said to be kept in is one', async () => {
  const said = Object.entries(EXPLANATIONS).filter(
    ([, [, column]]) => column !== undefined && !column.startsWith('log_'),
  );
  const missing = new Set(said.map(([name]) => name));
  for (const { 'dimension*': all, ...sent } of HITS) {
    const { stored } = await inspect(sent);
    const columns = Object.keys(stored ?? {});
    for (const [name, [, column = '']] of said) {
      const isSent = Object.hasOwn(sent, name) || (all !== undefined && name === 'dimension*');
      const pattern = new RegExp(`^${column.replace('*', '\\w+')}$`);
      if (isSent && columns.some((key) => pattern.test(key))) missing.delete(name);
    }
  }
  expect([...missing]).toEqual([]);
});

test('whatever this package sends is explained', async () => {
  const inspector = await start({});
  const exporter = new MatomoSpanExporter({
    url: inspector.url,
    siteId: 1,
    tokenAuth: 'x',
    errors: 'crash',
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
  expect([...sent]).toEqual(
    expect.arrayContaining(['rec', 'cvar', 'uid', 'ca', 'cra_tp', 'dimension1']),
  );
  expect([...sent].filter((name) => explain(name) === undefined)).toEqual([]);
});

test('the parameters that are marked as needing a token are those that need one', () => {
  const marked = Object.keys(EXPLANATIONS).filter((name) => EXPLANATIONS[name]?.[2]);
  const all = Object.keys(PARAMETERS).filter((name) => PARAMETERS[name]?.needsToken);
  expect(new Set(marked)).toEqual(new Set(all));
});
