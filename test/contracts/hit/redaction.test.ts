import { golden, page } from './golden.js';

const DEFAULT = { actionName: '{path}' };

const path = (path: string, options = {}) => ({
  name: path.slice(0, 80),
  facts: { path, route: '' },
  options: { ...DEFAULT, ...options },
});

const query = (query: string, options = {}) => ({
  name: `?${query}`.slice(0, 80),
  facts: { query },
  options,
});

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
const TOKEN = 'kX3vQ9bT2mN7pL5wZ8rY';

golden([
  {
    ...path(`/verify/${JWT}`),
    hits: [
      page({ url: 'https://shop.example.org/verify/redacted', action_name: '/verify/redacted' }),
    ],
  },
  {
    ...path(`/a/x.${JWT}.y`),
    hits: [page({ url: 'https://shop.example.org/a/redacted', action_name: '/a/redacted' })],
  },
  {
    ...path('/users/ada@example.org/x'),
    hits: [
      page({ url: 'https://shop.example.org/users/redacted/x', action_name: '/users/redacted/x' }),
    ],
  },
  {
    ...path('/users/ada%40example.org'),
    hits: [
      page({ url: 'https://shop.example.org/users/redacted', action_name: '/users/redacted' }),
    ],
  },
  {
    ...path('/users/ada%2540example.org'),
    hits: [
      page({ url: 'https://shop.example.org/users/redacted', action_name: '/users/redacted' }),
    ],
  },
  {
    ...path('/npm/react@18.2.0.js/logo@2x.png/@scope/a.b'),
    hits: [
      page({
        url: 'https://shop.example.org/npm/react@18.2.0.js/logo@2x.png/@scope/a.b',
        action_name: '/npm/react@18.2.0.js/logo@2x.png/@scope/a.b',
      }),
    ],
  },
  {
    ...path('/fetch/https://user:password@host/x'),
    hits: [
      page({
        url: 'https://shop.example.org/fetch/https://redacted/x',
        action_name: '/fetch/https://redacted/x',
      }),
    ],
  },
  {
    ...path('/fetch/https:/user:password@host/x'),
    hits: [
      page({
        url: 'https://shop.example.org/fetch/https:/redacted/x',
        action_name: '/fetch/https:/redacted/x',
      }),
    ],
  },
  {
    ...path(`/a/${TOKEN}/b`),
    hits: [page({ url: 'https://shop.example.org/a/redacted/b', action_name: '/a/redacted/b' })],
  },
  {
    ...path(`/a/${TOKEN.slice(0, 19)}/b`),
    hits: [
      page({
        url: 'https://shop.example.org/a/kX3vQ9bT2mN7pL5wZ8r/b',
        action_name: '/a/kX3vQ9bT2mN7pL5wZ8r/b',
      }),
    ],
  },
  {
    ...path(`/a/${TOKEN}.data`),
    hits: [page({ url: 'https://shop.example.org/a/redacted', action_name: '/a/redacted' })],
  },
  {
    ...path(`/a/${TOKEN};v=1`),
    hits: [
      page({ url: 'https://shop.example.org/a/redacted;v=1', action_name: '/a/redacted;v=1' }),
    ],
  },
  {
    ...path('/a/GetCustomerByIdAndRegion2/b'),
    hits: [
      page({
        url: 'https://shop.example.org/a/GetCustomerByIdAndRegion2/b',
        action_name: '/a/GetCustomerByIdAndRegion2/b',
      }),
    ],
  },
  {
    ...path('/a/sk-proj-4fK2mQ7xR9tY3uI8oP1a-x'),
    hits: [page({ url: 'https://shop.example.org/a/redacted', action_name: '/a/redacted' })],
  },
  {
    ...path('/a/kX3vQ9-bT2mN7-pL5wZ8rY1/b'),
    hits: [page({ url: 'https://shop.example.org/a/redacted/b', action_name: '/a/redacted/b' })],
  },
  {
    ...path('/a/UE55CU7179UXZGABCDEFGH/b'),
    hits: [
      page({
        url: 'https://shop.example.org/a/UE55CU7179UXZGABCDEFGH/b',
        action_name: '/a/UE55CU7179UXZGABCDEFGH/b',
      }),
    ],
  },
  {
    ...path('/blog/how-we-moved-to-Node-24-in-2026/x'),
    hits: [
      page({
        url: 'https://shop.example.org/blog/how-we-moved-to-Node-24-in-2026/x',
        action_name: '/blog/how-we-moved-to-Node-24-in-2026/x',
      }),
    ],
  },
  {
    ...path('/3f2504e0-4f89-11d3-9a0c-0305e82c3301/42/0123456789abcdef0123456789abcdef'),
    hits: [
      page({
        url: 'https://shop.example.org/3f2504e0-4f89-11d3-9a0c-0305e82c3301/42/0123456789abcdef0123456789abcdef',
        action_name: '/3f2504e0-4f89-11d3-9a0c-0305e82c3301/42/0123456789abcdef0123456789abcdef',
      }),
    ],
  },
  {
    ...path('/call/+4917612345678'),
    hits: [page({ url: 'https://shop.example.org/call/redacted', action_name: '/call/redacted' })],
  },
  {
    ...path('/call/tel:+49%20176%2012345678'),
    hits: [page({ url: 'https://shop.example.org/call/redacted', action_name: '/call/redacted' })],
  },
  {
    ...path('/call/+12345'),
    hits: [page({ url: 'https://shop.example.org/call/+12345', action_name: '/call/+12345' })],
  },
  {
    ...path('/call/+123456'),
    hits: [page({ url: 'https://shop.example.org/call/redacted', action_name: '/call/redacted' })],
  },
  {
    ...path('/token/v1234/v123'),
    hits: [
      page({
        url: 'https://shop.example.org/token/redacted/v123',
        action_name: '/token/redacted/v123',
      }),
    ],
  },
  {
    ...path(`/${'%61'.repeat(400)}/token/9fK2mQ7x/b`),
    hits: [
      page({
        url: `https://shop.example.org/${'%61'.repeat(333)}`,
        action_name: `/${'%61'.repeat(341)}`,
      }),
    ],
  },
  {
    ...path('/bot123456789:AAF8x/getMe'),
    hits: [
      page({ url: 'https://shop.example.org/redacted/getMe', action_name: '/redacted/getMe' }),
    ],
  },
  {
    ...path('/calendar/private-9f8e7d6c5b4a39281706/basic.ics'),
    hits: [
      page({
        url: 'https://shop.example.org/calendar/redacted/basic.ics',
        action_name: '/calendar/redacted/basic.ics',
      }),
    ],
  },
  {
    ...path('/reset/MQ/dilbc0-3f9a1c2b3f9a1c2b3f9a1c2b3f9a1c2b'),
    hits: [
      page({
        url: 'https://shop.example.org/reset/MQ/redacted',
        action_name: '/reset/MQ/redacted',
      }),
    ],
  },
  {
    ...path('/token=abc/x'),
    hits: [
      page({ url: 'https://shop.example.org/token=redacted/x', action_name: '/token=redacted/x' }),
    ],
  },
  {
    ...path('/token:abc1/x'),
    hits: [page({ url: 'https://shop.example.org/redacted/x', action_name: '/redacted/x' })],
  },
  {
    ...path('/keys:rotate'),
    hits: [page({ url: 'https://shop.example.org/keys:rotate', action_name: '/keys:rotate' })],
  },
  {
    ...path('/a=1/b'),
    hits: [page({ url: 'https://shop.example.org/a=1/b', action_name: '/a=1/b' })],
  },
  {
    ...path('/Bearer%20abc/x'),
    hits: [page({ url: 'https://shop.example.org/redacted/x', action_name: '/redacted/x' })],
  },
  {
    ...path('/token/9fK2mQ7x/x'),
    hits: [
      page({ url: 'https://shop.example.org/token/redacted/x', action_name: '/token/redacted/x' }),
    ],
  },
  {
    ...path('/token/abcdefghijklmnopqrst/x'),
    hits: [
      page({ url: 'https://shop.example.org/token/redacted/x', action_name: '/token/redacted/x' }),
    ],
  },
  {
    ...path('/token/abcdefghijklmnopqrs/x'),
    hits: [
      page({
        url: 'https://shop.example.org/token/abcdefghijklmnopqrs/x',
        action_name: '/token/abcdefghijklmnopqrs/x',
      }),
    ],
  },
  {
    ...path('/password/reset/9fK2mQ7x'),
    hits: [
      page({
        url: 'https://shop.example.org/password/reset/redacted',
        action_name: '/password/reset/redacted',
      }),
    ],
  },
  {
    ...path('/session/42'),
    hits: [
      page({ url: 'https://shop.example.org/session/redacted', action_name: '/session/redacted' }),
    ],
  },
  {
    ...path('/webhooks/1234567890/kXyZ_9-a/messages/7'),
    hits: [
      page({
        url: 'https://shop.example.org/webhooks/redacted/redacted/messages/7',
        action_name: '/webhooks/redacted/redacted/messages/7',
      }),
    ],
  },
  {
    ...path('/token/v2/4.4.0/oauth2/2fa/9fK'),
    hits: [
      page({
        url: 'https://shop.example.org/token/v2/4.4.0/oauth2/2fa/redacted',
        action_name: '/token/v2/4.4.0/oauth2/2fa/redacted',
      }),
    ],
  },
  {
    ...path('/token/.//9fK'),
    hits: [
      page({
        url: 'https://shop.example.org/token/.//redacted',
        action_name: '/token/.//redacted',
      }),
    ],
  },
  {
    ...path('/to%6ben/9fK'),
    hits: [
      page({ url: 'https://shop.example.org/to%6ben/redacted', action_name: '/to%6ben/redacted' }),
    ],
  },
  {
    ...path('/token\\9fK\\x'),
    hits: [
      page({
        url: 'https://shop.example.org/token%5Credacted%5Cx',
        action_name: '/token\\redacted\\x',
      }),
    ],
  },
  {
    ...path('/a%5Ctoken%5C9fK/x'),
    hits: [page({ url: 'https://shop.example.org/redacted/x', action_name: '/redacted/x' })],
  },
  {
    ...path('/a%252525252525252541/x'),
    hits: [page({ url: 'https://shop.example.org/redacted/x', action_name: '/redacted/x' })],
  },
  {
    ...path('/a;jsessionid=1A2B/x;page=2'),
    hits: [
      page({
        url: 'https://shop.example.org/a;jsessionid=redacted/x;page=2',
        action_name: '/a;jsessionid=redacted/x;page=2',
      }),
    ],
  },
  {
    ...path('/a;token=1&b=2;c/x'),
    hits: [
      page({
        url: 'https://shop.example.org/a;token=redacted&b=2;c/x',
        action_name: '/a;token=redacted&b=2;c/x',
      }),
    ],
  },
  {
    ...path('/users/ada＠example.org'),
    hits: [
      page({ url: 'https://shop.example.org/users/redacted', action_name: '/users/redacted' }),
    ],
  },
  {
    ...path('/contraseña/1a'),
    hits: [
      page({
        url: 'https://shop.example.org/contrase%C3%B1a/redacted',
        action_name: '/contraseña/redacted',
      }),
    ],
  },
  {
    ...path('/Passwörter/passwort/1a'),
    hits: [
      page({
        url: 'https://shop.example.org/Passw%C3%B6rter/passwort/redacted',
        action_name: '/Passwörter/passwort/redacted',
      }),
    ],
  },
  {
    ...path('/reset/9fK2mQ7x', { query: 'keep' }),
    hits: [
      page({ url: 'https://shop.example.org/reset/9fK2mQ7x', action_name: '/reset/9fK2mQ7x' }),
    ],
  },
  {
    ...path('/sign-in/reset/hello/1'),
    hits: [
      page({
        url: 'https://shop.example.org/sign-in/reset/hello/1',
        action_name: '/sign-in/reset/hello/1',
      }),
    ],
  },
  {
    ...path(`/${'a'.repeat(1100)}/token/1a/b`),
    hits: [
      page({
        url: `https://shop.example.org/${'a'.repeat(999)}`,
        action_name: `/${'a'.repeat(1023)}`,
      }),
    ],
  },
  {
    ...path('/customer-7/orders/c-8', { redactPathPatterns: [/customer-\d+/] }),
    hits: [
      page({
        url: 'https://shop.example.org/redacted/orders/c-8',
        action_name: '/redacted/orders/c-8',
      }),
    ],
  },
  {
    ...path('/CUSTOMER-7/customer-8/customer-9', { redactPathPatterns: [/customer-\d+/gi] }),
    hits: [
      page({
        url: 'https://shop.example.org/redacted/redacted/redacted',
        action_name: '/redacted/redacted/redacted',
      }),
    ],
  },
  {
    ...path('/cust%6Fmer-7/x', { redactPathPatterns: [/customer-\d+/] }),
    hits: [page({ url: 'https://shop.example.org/redacted/x', action_name: '/redacted/x' })],
  },
  {
    ...path('/x%20y/customer/7', { redactPathPatterns: [/customer\/\d+/] }),
    hits: [
      page({
        url: 'https://shop.example.org/x%20y/redacted/redacted',
        action_name: '/x%20y/redacted/redacted',
      }),
    ],
  },
  {
    ...path('/customer/7/%61', { redactPathPatterns: [/^\/customer\/\d+\/a/] }),
    hits: [
      page({
        url: 'https://shop.example.org/redacted/redacted/redacted',
        action_name: '/redacted/redacted/redacted',
      }),
    ],
  },
  {
    ...path('/d/a123456b/b%20c', { redactPathPatterns: [/\d{6}/] }),
    hits: [
      page({
        url: 'https://shop.example.org/d/aredactedb/b%20c',
        action_name: '/d/aredactedb/b%20c',
      }),
    ],
  },
  {
    ...path('/customer/7', { redactPathPatterns: [/^\/customer\/\d+/] }),
    hits: [page({ url: 'https://shop.example.org/redacted', action_name: '/redacted' })],
  },
  {
    ...path('/customer-7/token/1a', { query: 'keep', redactPathPatterns: [/customer-\d+/] }),
    hits: [
      page({
        url: 'https://shop.example.org/redacted/token/1a',
        action_name: '/redacted/token/1a',
      }),
    ],
  },
  {
    name: 'a secret of a path is in no route',
    facts: { path: `/token/${TOKEN}/1a/2`, route: `/token/${TOKEN}/:token/:id` },
    hits: [
      page({
        url: 'https://shop.example.org/token/redacted/redacted/redacted',
        action_name: 'GET /token/redacted/:token/:id',
      }),
    ],
  },
  {
    name: 'patterns do not change routes',
    facts: { path: '/customer-7', route: '/customer-7' },
    options: { redactPathPatterns: [/customer-\d+/] },
    hits: [page({ url: 'https://shop.example.org/redacted', action_name: 'GET /customer-7' })],
  },
  {
    ...query('token=1&access_token=2&X-Api-Key=3&sessionId=4&authors=5&keyring=6'),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?token=redacted&access_token=redacted&X-Api-Key=redacted&sessionId=redacted&authors=5&keyring=6',
      }),
    ],
  },
  {
    ...query(
      'country_code=1&currency_code=2&error_code=3&language_code=4&product_code=5&status_code=6&postal_code=7&code=8&iPhone=15',
    ),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?country_code=1&currency_code=2&error_code=3&language_code=4&product_code=5&status_code=6&postal_code=redacted&code=redacted&iPhone=15',
      }),
    ],
  },
  {
    ...query('csrfmiddlewaretoken=1&credit_card=2&mot_de_passe=3&mypassword=4&PHPSESSID=5'),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?csrfmiddlewaretoken=redacted&credit_card=redacted&mot_de_passe=redacted&mypassword=redacted&PHPSESSID=redacted',
      }),
    ],
  },
  {
    ...query('email=a&m=ada%40example.org&n=ada@example'),
    hits: [
      page({ url: 'https://shop.example.org/users/42?email=redacted&m=redacted&n=ada@example' }),
    ],
  },
  {
    ...query(`a=${JWT}&b=Bearer%20abc&c=Basic+YTpi&d=basic+training&e=token+abc1`),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?a=redacted&b=redacted&c=redacted&d=basic+training&e=redacted',
      }),
    ],
  },
  {
    ...query(
      'return=%2Fx%3Ftoken%3D1&next=%2Freset%2F9fK2mQ7x&u=https%3A%2F%2Fa%3Ab%40host%2F&ok=%2Fa%2Fb',
    ),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?return=redacted&next=redacted&u=redacted&ok=%2Fa%2Fb',
      }),
    ],
  },
  {
    ...query('x=token%3A1&y=%7B%22password%22%3A1%7D&z=a%3A1'),
    hits: [page({ url: 'https://shop.example.org/users/42?x=redacted&y=redacted&z=a%3A1' })],
  },
  {
    ...query('x=https%3A%2F%2Fhost%3A8080%2Fa&y=%23%2Ftoken%2F1a'),
    hits: [
      page({ url: 'https://shop.example.org/users/42?x=https%3A%2F%2Fhost%3A8080%2Fa&y=redacted' }),
    ],
  },
  {
    ...query('to%6ben=1&%74oken=2&a%5Btoken%5D=3&token[]=4'),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?to%6ben=redacted&%74oken=redacted&a%5Btoken%5D=redacted&token[]=redacted',
      }),
    ],
  },
  {
    ...query('ada@example.org&token=&=1&a'),
    hits: [page({ url: 'https://shop.example.org/users/42?redacted&token=redacted&=1&a' })],
  },
  {
    ...query('a=1;token=2;b=3&c;d=4'),
    hits: [page({ url: 'https://shop.example.org/users/42?a=1;token=redacted;b=3&c%3Bd=4' })],
  },
  {
    ...query('token=1;rest&amp;token=2'),
    hits: [page({ url: 'https://shop.example.org/users/42?token=redacted&token=redacted' })],
  },
  {
    ...query('a=%252525252525252541'),
    hits: [page({ url: 'https://shop.example.org/users/42?a=redacted' })],
  },
  {
    ...query('a=%2525252541&b=%252525252541'),
    hits: [page({ url: 'https://shop.example.org/users/42?a=%2525252541&b=redacted' })],
  },
  {
    ...query(`${'a=1&'.repeat(300)}b=2`),
    hits: [page({ url: `https://shop.example.org/users/42?${'a=1&'.repeat(123)}a=1` })],
  },
  {
    ...query('phone=%2B4917612345678&p=%2B49+176+12345678&q2=+49'),
    hits: [
      page({ url: 'https://shop.example.org/users/42?phone=redacted&p=%2B49+176+12345678&q2=+49' }),
    ],
  },
  {
    ...query('login=admin:secretpw123&sign=1764350000-0123456789abcdef0123456789abcdef'),
    hits: [page({ url: 'https://shop.example.org/users/42?login=redacted&sign=redacted' })],
  },
  {
    ...query('token=1&a=2', { query: ['token'] }),
    hits: [page({ url: 'https://shop.example.org/users/42?token=1' })],
  },
  {
    ...query('token=1&lt=2', { query: 'keep' }),
    hits: [page({ url: 'https://shop.example.org/users/42?token=1&lt=2' })],
  },
  {
    ...query('contrase%C3%B1a=1&has%C5%82o=2&STRASSE=3&pa%C3%9Fwort=4'),
    hits: [
      page({
        url: 'https://shop.example.org/users/42?contrase%C3%B1a=redacted&has%C5%82o=redacted&STRASSE=3&pa%C3%9Fwort=redacted',
      }),
    ],
  },
  {
    ...query('t%E9l%E9phone=1&x=%E9'),
    hits: [page({ url: 'https://shop.example.org/users/42?t%E9l%E9phone=1&x=%E9' })],
  },
]);
