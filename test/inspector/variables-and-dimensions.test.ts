import { expect, test } from 'vitest';
import type { InspectedHit, InspectorOptions } from '../../src/inspector/index.js';
import { hit, inspect, sendBulk, start, store } from './inspector-client.js';

const NONE = { type: 'none' };

test.each<[string, string, object]>([
  [
    'numbered pairs',
    '{"1":["http_method","GET"],"2":["http_status_code","200"]}',
    {
      custom_var_k1: 'http_method',
      custom_var_v1: 'GET',
      custom_var_k2: 'http_status_code',
      custom_var_v2: '200',
    },
  ],
  ['a number', '{"1":["n",200]}', { custom_var_k1: 'n', custom_var_v1: '200' }],
  ['true', '{"1":["n",true]}', { custom_var_k1: 'n', custom_var_v1: '1' }],
  ['null', '{"1":["n",null]}', { custom_var_k1: 'n', custom_var_v1: '' }],
  [
    'a float beyond integers',
    '{"1":["n",12345678901234567890]}',
    { custom_var_k1: 'n', custom_var_v1: '1.2345678901235E+19' },
  ],
  ['the flat shape of asgi-matomo', '{"http_method":"GET","http_status_code":200}', {}],
  ['index 0', '[["a","b"]]', {}],
  [
    'a list fills slot 1 with its second pair',
    '[["z","z"],["a","b"]]',
    { custom_var_k1: 'a', custom_var_v1: 'b' },
  ],
  ['slot 0', '{"0":["a","b"]}', {}],
  ['slot 6', '{"6":["a","b"]}', {}],
  ['slot 01', '{"01":["a","b"]}', { custom_var_k1: 'a', custom_var_v1: 'b' }],
  ['slot 1.5', '{"1.5":["a","b"]}', { custom_var_k1: 'a', custom_var_v1: 'b' }],
  ['three values', '{"1":["a","b","c"]}', {}],
  ['one value', '{"1":["n"]}', {}],
  ['an empty name', '{"1":["","v"]}', { custom_var_k1: '', custom_var_v1: 'v' }],
  ['a nested value', '{"1":["n",{"a":1}]}', {}],
  ['malformed JSON', '{"1":["n","v"]', {}],
  ['a lone surrogate', '{"1":["n","\\ud800"]}', {}],
  [
    '250 and 300 characters are cut to 200',
    JSON.stringify({ 1: ['n'.repeat(250), '😀'.repeat(300)] }),
    { custom_var_k1: 'n'.repeat(200), custom_var_v1: '😀'.repeat(200) },
  ],
  [
    'trimmed, NUL removed, not escaped',
    '{"1":[" <b> "," a\\u0000b "]}',
    { custom_var_k1: '<b>', custom_var_v1: 'ab' },
  ],
])('cvar: %s', async (_, cvar, stored) => {
  expect(await store({ cvar })).toEqual({ ...NONE, ...stored });
});

test('cvar is stored on an event too, _cvar on no action', async () => {
  const cvar = '{"1":["n","v"]}';
  expect(await store({ e_c: 'c', e_a: 'a', cvar })).toMatchObject({ custom_var_k1: 'n' });
  expect(await store({ _cvar: cvar })).toEqual(NONE);
});

test.each<[string, string, string]>([
  ['trimmed', '  v  ', 'v'],
  ['an empty one is stored', '', ''],
  ['0', '0', '0'],
  ['cut to 250 characters, not bytes', '😀'.repeat(251), '😀'.repeat(250)],
  ['escaped for HTML', '<b> & "q" \'s\'', '&lt;b&gt; &amp; &quot;q&quot; &#039;s&#039;'],
  ['escaped before the cut', '&'.repeat(250), '&amp;'.repeat(50)],
  ['NUL removed, tabs and line breaks kept', 'a\0\tb\nc', 'a\tb\nc'],
  ['spaces of Unicode kept', '\u00a0x\u00a0', '\u00a0x\u00a0'],
])('dimension: %s', async (_, sent, stored) => {
  expect(await store({ dimension1: sent })).toEqual({ ...NONE, custom_dimension_1: stored });
});

test.each(['dimension9', 'Dimension1', 'dimension01', 'dimension_1', 'custom_dimension_1'])(
  '%s is ignored',
  async (name) => {
    expect(await store({ [name]: 'v' })).toEqual(NONE);
  },
);

test.each<[string, Record<string, string>]>([
  ['events', { e_c: 'c', e_a: 'a' }],
  ['searches', { search: 's' }],
  ['searches in the url', { url: 'https://a.test/?q=s' }],
  ['downloads', { download: 'https://a.test/f' }],
  ['content', { c_n: 'n' }],
])('dimensions work on %s', async (_, parameters) => {
  expect(await store({ ...parameters, dimension2: '404' })).toMatchObject({
    custom_dimension_2: '404',
  });
});

const CVAR = '{"1":["n","v"]}';

test.each<[string, InspectorOptions, number[]]>([
  ['without sites every site has dimensions 1 to 5', {}, [1, 5]],
  ['those of all sites', { dimensions: [2, 5] }, [5]],
  ['those of one site', { sites: { 1: { dimensions: [1] } } }, [1]],
  ['those of one site win', { sites: { 1: { dimensions: [1] } }, dimensions: [5] }, [1]],
  ['a site without its own', { sites: { 1: {} }, dimensions: [5] }, [5]],
  ['a site without any', { sites: { 1: {} } }, []],
])('%s; the others are dropped with a reason, like custom variables', async (_, options, ids) => {
  const inspector = await start(options);
  await sendBulk(inspector, [
    hit({ dimension1: 'a', dimension5: 'b', dimension6: 'c', cvar: CVAR }),
  ]);
  const response = await fetch(`${inspector.url}/hits`);
  const [{ stored, droppedParameters }] = (await response.json()) as [InspectedHit];
  const columns = Object.keys(stored ?? {}).filter((name) => name.startsWith('custom_'));
  expect(columns).toEqual(ids.map((id) => `custom_dimension_${id}`));
  const dropped = [1, 5, 6].filter((id) => !ids.includes(id)).map((id) => `dimension${id}`);
  expect(new Set(Object.keys(droppedParameters ?? {}))).toEqual(new Set(['cvar', ...dropped]));
  expect(droppedParameters?.cvar).toContain('CustomVariables');
});

test.each([
  ['{"1":["n","v"]}', undefined],
  ['{"1":["n","v"],"6":["n","v"]}', '1 of 2'],
  ['{"1":["n"]}', '0 of 1'],
  ['{', '0 of 0'],
])('the reason of what is dropped of %j', async (cvar, reason) => {
  const { droppedParameters } = await inspect({ cvar });
  if (reason === undefined) expect(droppedParameters).toBeUndefined();
  else expect(droppedParameters?.cvar).toContain(reason);
});

test.each<[string, Record<string, string>, number | undefined]>([
  ['http_status_code first', { cvar: '{"1":["http_status_code","404"]}' }, 404],
  ['http_status_code elsewhere', { cvar: '{"1":["a","b"],"4":["http_status_code","500"]}' }, 500],
  ['the parameter', { http_status: '201' }, 201],
  ['a flat object', { cvar: '{"http_status_code":200}' }, undefined],
  ['no JSON', { cvar: '{' }, undefined],
  ['null', { cvar: 'null' }, undefined],
])('reads the status of the response from %s', async (_, parameters, status) => {
  expect((await inspect(parameters)).status).toBe(status);
});
