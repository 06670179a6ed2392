import { expect, test } from 'vitest';
import { callBeforeSend } from '../../../src/hit/hit-builder.js';
import { HitText, siteText } from '../../../src/hit/hit-text.js';
import { override } from '../../../src/hit/parameters/overrides.js';
import { RESERVED } from '../../../src/hit/parameters/parameter-table.js';
import { annotations, httpRequest, parametersOf } from '../../support/builders.js';
import { sorted } from '../../support/sorted.js';

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

/** What only the package or Matomo itself sets. */
const SET_BY_PACKAGE = [
  ...['rec', 'apiv', 'rand', 'ca', 'send_image', 'recMode', 'ai_s', 'ai_si', 'ai_sa'],
  ...['debug', 'queuedtracking'],
];

test('the reserved parameters are those that only the package sets', () => {
  expect(sorted(RESERVED)).toEqual(sorted(SET_BY_PACKAGE));
});

test.each([...SET_BY_PACKAGE, 'dimension*', 'dimension0', 'constructor', '__proto__'])(
  'an application cannot set %s',
  (name) => {
    const parameters = new HitText();
    const reported: string[] = [];
    override(
      parameters,
      name,
      '1',
      { hasToken: true, report: (key) => reported.push(key) },
      'annotate',
    );
    expect(parameters.parts()).toEqual([]);
    expect(reported).toEqual([`parameter ${name}`]);
  },
);

test('beforeSend changes no parameter that only the package sets, and each one that it adds is reported', () => {
  const parameters = new HitText();
  parameters.visitor = siteText(1);
  parameters.set('recMode', '1');
  parameters.set('cdt', '1795176000');
  const reported: string[] = [];
  const change = ({ recMode, ...others }: Record<string, string>) => ({
    ...others,
    rec: '0',
    ai_s: '1',
    token_auth: 'x',
    action_name: 'a',
  });
  const sent = callBeforeSend(parameters, change, true, (key) => reported.push(key));
  expect(sent?.parts().toSorted()).toEqual(
    [...parameters.parts(), ['ua', '&ua=-'], ['action_name', '&action_name=a']].toSorted(),
  );
  expect(reported).toEqual(['parameter ai_s', 'parameter token_auth']);
});

test.each([
  ['dimension0', 'x', /"dimension0".*1 to 999/],
  ['dimension1000', 'x', /"dimension1000".*1 to 999/],
  ['action_nmae', 'x', /"action_nmae".*"action_name"/],
  ['h', 24, /"h".*whole number from 0 to 23.*number.*beforeSend/],
  ['url', 'secret', /"url".*URL.*string.*beforeSend/],
  ['h', Number.NaN, /"h".*NaN.*beforeSend/],
  ['uid', '', /"uid".*names a user.*string.*beforeSend/],
  ['new_visit', { secret: 1 }, /"new_visit".*true.*object.*beforeSend/],
  ['cdt', Promise.resolve(1), /"cdt".*epoch seconds.*promise.*beforeSend/],
])(
  'a message about %s with the value %o names rule, type and source, and not the value',
  (name, value, shown) => {
    const messages: string[] = [];
    const report = (_key: string, message: () => string) => void messages.push(message());
    override(new HitText(), name, value, { hasToken: true, report }, 'beforeSend');
    expect(messages).toEqual([expect.stringMatching(shown)]);
    expect(messages[0]).not.toContain('secret');
  },
);
