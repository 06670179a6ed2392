import { expect, test } from 'vitest';
import { annotations, httpRequest, parametersOf } from '../../support/builders.js';

test('e-commerce, goals, content, downloads, searches and geo parameters pass by their type, limit and token rule', () => {
  const parameters = {
    idgoal: 0,
    ec_id: 'o1',
    revenue: '9.5',
    ec_items: '[["sku","name","cat",9.5,1]]',
    c_n: 'banner',
    download: 'https://x.example/a.zip',
    search: 'shoes',
    search_count: 3,
    new_visit: true,
    pv_id: 'abcdefgh',
    country: 'se',
    lat: 59.3,
    _pkp: 5,
  };
  const said = httpRequest({ annotations: [annotations({ parameters })] });
  expect(parametersOf(said, { hasToken: true }).parameters).toMatchObject({
    idgoal: '0',
    ec_id: 'o1',
    revenue: '9.5',
    ec_items: '[["sku","name","cat",9.5,1]]',
    c_n: 'banner',
    new_visit: '1',
    pv_id: 'abcdef',
    search_count: '3',
    country: 'se',
    lat: '59.3',
    _pkp: '5',
  });
  const without = parametersOf(said);
  expect(without.parameters).not.toHaveProperty('country');
  expect(without.reports.join()).toContain('tokenAuth');
});
