import { expect, test } from 'vitest';
import { httpRequest, parametersOf } from '../../support/builders.js';

test.each([
  [
    '{method} {path} {status} {host} {span} {route}',
    'GET /users/42 200 shop.example.org GET /users/:id /users/:id',
  ],
  ['API {route}!', 'API /users/:id!'],
  ['plain', 'plain'],
])('the template %s gives %s', (actionName, title) => {
  expect(parametersOf(httpRequest(), { actionName }).parameters.action_name).toBe(title);
});
