import { expect, test } from 'vitest';
import { HitText } from '../../src/hit/hit-text.js';
import { toOrderItems } from '../../src/hit/parameters/order.js';
import { override } from '../../src/hit/parameters/overrides.js';

test.each(['e_c', 'e_a', 'e_n', 'c_n', '_pks', 'search'])(
  'Matomo treats 0 as an empty %s: it is left out and reported as an empty one',
  (name) => {
    for (const value of ['0', ' 0 ', 0, '']) {
      const parameters = new HitText();
      const reports: string[] = [];
      override(
        parameters,
        name,
        value,
        { hasToken: true, report: (key) => reports.push(key) },
        'annotate',
      );
      expect(parameters.parts()).toEqual([]);
      expect(reports).toEqual([expect.stringContaining(`value ${name}: `)]);
    }
    const parameters = new HitText();
    override(parameters, name, '00', { hasToken: true, report: expect.unreachable }, 'annotate');
    expect(parameters.get(name)).toBe('00');
  },
);

test('an item with the SKU 0 is left out and reported, because Matomo would drop it', () => {
  const { text, problems } = toOrderItems([
    { sku: '0' },
    { sku: 'a', name: '0', categories: ['0'] },
  ]);
  expect(JSON.parse(text)).toEqual([['a', '', [], 0, 1]]);
  expect(problems).toEqual([expect.stringContaining('an item without a sku')]);
});
