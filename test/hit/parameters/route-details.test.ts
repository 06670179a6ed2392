import { expect, test } from 'vitest';
import { annotations, httpRequest, parametersOf } from '../../support/builders.js';

const DETAILS = {
  'GET /users/:id': { action_name: 'method and route' },
  '/users/:id': { action_name: 'route', dimension4: 'route', idsite: 4 },
  'POST /users/42': { action_name: 'method and path' },
  '/users/42': { action_name: 'path', cvar: { from: 'details' } },
  '/a': { dimension1: 'a', e_c: 'c', e_a: 'a' },
};

test.each([
  [{}, 'method and route'],
  [{ method: 'POST' }, 'route'],
  [{ method: 'POST', route: undefined }, 'method and path'],
  [{ route: undefined }, 'path'],
  [{ route: 'users/:id' }, 'method and route'],
  [{ route: '/other' }, 'path'],
])('route details for %o: %s', (request, title) => {
  const { parameters } = parametersOf(httpRequest(request), { routeDetails: DETAILS });
  const { action_name, dimension4, idsite } = parameters;
  const only = title === 'route' ? ['route', '4'] : [undefined, '1'];
  expect([action_name, dimension4, idsite]).toEqual([title, ...only]);
});

test('route details stay as they are, whatever requests add', () => {
  const frozen = structuredClone(DETAILS);
  for (const name of ['one', 'two']) {
    const request = httpRequest({
      route: undefined,
      annotations: [annotations({ cvar: { [name]: 1 }, parameters: { dimension5: name } })],
    });
    const { parameters } = parametersOf(request, { routeDetails: DETAILS });
    const variables = Object.values<string[]>(JSON.parse(parameters.cvar ?? '')).map(
      ([key]) => key,
    );
    expect(variables).toEqual(['http_status_code', 'http_method', 'from', name]);
  }
  expect(DETAILS).toEqual(frozen);
});

test('what the spans and annotate say wins over route details, those over what options give', () => {
  const request = httpRequest({
    path: '/a',
    route: undefined,
    optionParameters: { dimension1: 'given', dimension2: 'given', dimension3: 'given' },
    annotations: [annotations({ parameters: { dimension3: 'said' } })],
  });
  const { parameters } = parametersOf(request, {
    routeDetails: { '/a': { dimension1: 'details', dimension3: 'details' } },
  });
  expect(parameters).toMatchObject({
    dimension1: 'details',
    dimension2: 'given',
    dimension3: 'said',
  });
});
