import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactPath, redactSecrets } from '../../../src/hit/page/redaction.js';
import { annotations, httpRequest, parametersOf } from '../../support/builders.js';
import { jwt } from '../../support/jwt.js';
import { seededRuns } from '../../support/seed.js';
import { words } from '../../support/words.js';

const JWT = jwt({ sub: 'bob' });
/** Keys and tokens as their services make them. */
const NPM = 'npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E';
const OPENAI = 'sk-proj-x9_Kd2mQ7xT9vB1nL6pR3sW8zD5-hJ0cY2aGt4EuI7oP-T3BlbkFJq1W2e3R4t5Y6u7I8o9P0a';
const ANTHROPIC = 'sk-ant-api03-Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4EuI7oP_q1W-2e3R4t5Y6u7I8AA';
const SLACK = 'kXyZ9aB3cD4eF5gH6iJ7kL8m';
const DISCORD = 'kXyZ_9-aB3cD4eF5-gH6iJ7kL8mN9oP0qR1sT2uV3wX4yZ5';
const TELEGRAM = '123456789:AAF8xK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2a';
const CALENDAR = 'private-9f8e7d6c5b4a39281706f5e4d3c2b1a0';
const DJANGO = 'dilbc0-3f9a1c2b4d5e6f708192a3b4c5d6e7f8';
const SHA1 = '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12';
const UUID = '123e4567-e89b-12d3-a456-426614174000';

/** What is sent of a path in URLs, and in titles if that differs. */
const rowOf = (path: string, sent: string, title: string = sent) => ({ path, sent, title });

const SECRET = [
  // By themselves.
  rowOf(`/verify/${JWT}`, '/verify/redacted'),
  rowOf(`/verify/${JWT}/done`, '/verify/redacted/done'),
  // Other JSON than that of most libraries.
  ...['{ "a": 1 }', '{\n "a": 1}', '{\r\n "a": 1}', '{\n\t"a": 1}'].map((json) =>
    rowOf(`/verify/${Buffer.from(json).toString('base64url')}.e30.c2ln`, '/verify/redacted'),
  ),
  rowOf(`/verify/${encodeURIComponent(`a:${JWT}`)}`, '/verify/redacted'),
  rowOf(`/redirect/${encodeURIComponent(`https://a.example/verify/${JWT}`)}`, '/redirect/redacted'),
  rowOf('/users/ann@example.org', '/users/redacted'),
  rowOf('/users/ann%40example.org/edit', '/users/redacted/edit'),
  rowOf('/users/ann%2540example.org', '/users/redacted'),
  rowOf('/users/ann%252540example.org', '/users/redacted'),
  rowOf('/users/m%C3%BCller@m%C3%BCller.de', '/users/redacted'),
  rowOf('/users/ann@xn--mller-kva.xn--p1ai', '/users/redacted'),
  rowOf('/users/ann@%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84', '/users/redacted'),
  rowOf('/users/ann@163.com', '/users/redacted'),
  // As keyboards for Chinese and Japanese write them.
  rowOf('/users/ann%EF%BC%A0example.org', '/users/redacted'),
  rowOf('/users/ann@example%E3%80%82jp', '/users/redacted'),
  rowOf('/call/%EF%BC%8B4917612345678', '/call/redacted'),
  rowOf('/call/%EF%BC%8B%EF%BC%94%EF%BC%99%EF%BC%91%EF%BC%97%EF%BC%96%EF%BC%91', '/call/redacted'),
  rowOf('/token%EF%BC%9D9fK2mQ7x', '/redacted'),
  rowOf('/token%EF%BC%8F9fK2mQ7x', '/redacted'),
  rowOf(
    '/%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E/9fK2mQ7x',
    '/%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E/redacted',
    '/ｔｏｋｅｎ/redacted',
  ),
  rowOf('/share/ann@example.org,bob@example.org', '/share/redacted'),
  rowOf('/users/ann@example.org;v=1/edit', '/users/redacted;v=1/edit'),
  rowOf(`/download/${NPM}`, '/download/redacted'),
  rowOf(`/try/${OPENAI}`, '/try/redacted'),
  rowOf(`/try/${ANTHROPIC}`, '/try/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rY', '/confirm/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rYw%3D%3D', '/confirm/redacted'),
  rowOf('/confirm/%6bX3vQ9bT2mN7pL5wZ8rY', '/confirm/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rY%26a=1', '/confirm/redacted'),
  ...['.', '!', ')', '...', '%0A', '%3E,', '.data', '.json'].map((ending) =>
    rowOf(`/confirm/kX3vQ9bT2mN7pL5wZ8rY${ending}`, '/confirm/redacted'),
  ),
  ...['-', '_'].map((joint) =>
    rowOf(`/confirm/kX3vQ9bT${joint}2mN7pL5${joint}wZ8rYa`, '/confirm/redacted'),
  ),
  rowOf('/confirm/kX3v-Q9bT-2mN7-pL5w-Z8rY', '/confirm/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rY______', '/confirm/redacted'),
  rowOf('/maps/AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY', '/maps/redacted'),
  rowOf('/hooks/xoxb-123456789012-1234567890123-AbCdEfGhIjKlMn', '/hooks/redacted'),
  rowOf('/documents/kX3vQ9bT2mN7pL5wZ8rY:batchUpdate', '/documents/redacted'),
  rowOf('/confirm/(kX3vQ9bT2mN7pL5wZ8rY)', '/confirm/redacted'),
  rowOf('/confirm/~kX3vQ9bT2mN7pL5wZ8rY', '/confirm/redacted'),
  rowOf('/confirm/%20kX3vQ9bT2mN7pL5wZ8rY', '/confirm/redacted'),
  // Signed by itsdangerous of Flask, by Django, by SendGrid, and as PASETO.
  ...words(`
    ImFkYUBleGFtcGxlLm9yZyI.ZyXw3A.Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0
    .eJwVjEEKgCAQAP-y5w5qRdRnYt2F.ZyXw3A.Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0
    ImFkYSI:1qXyZ1:Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4EuI7oP_q1
    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
    v4.local.Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4EuI7oP_q1W
  `).map((token) => rowOf(`/confirm/${token}`, '/confirm/redacted')),
  rowOf(`/services/T0AB/B0CD/${SLACK}`, '/services/T0AB/B0CD/redacted'),
  rowOf(`/bot${TELEGRAM}/getMe`, '/redacted/getMe'),
  rowOf(`/bot${TELEGRAM.replace(':', '%3A')}/getMe`, '/redacted/getMe'),
  rowOf(`/file/bot${TELEGRAM}/documents/a.jpg`, '/file/redacted/documents/a.jpg'),
  rowOf('/bot42:abcdefghijk/getMe', '/redacted/getMe'),
  rowOf(`/calendar/ical/${CALENDAR}/basic.ics`, '/calendar/ical/redacted/basic.ics'),
  rowOf(`/accounts/reset/MQ/${DJANGO}/`, '/accounts/reset/MQ/redacted/'),
  rowOf(`/accounts/reset/MTA1/${DJANGO}/`, '/accounts/reset/redacted/redacted/'),
  rowOf('/call/+4917612345678', '/call/redacted'),
  rowOf('/call/%2B4917612345678', '/call/redacted'),
  rowOf('/call/%252B49%2520176%252012345678', '/call/redacted'),
  rowOf('/call/+49%20(176)%20123-45.678', '/call/redacted'),
  rowOf('/call/tel:+4917612345678', '/call/redacted'),
  rowOf('/call/whatsapp:+4917612345678', '/call/redacted'),
  rowOf('/call/+4917612345678%3Bb', '/call/redacted'),
  rowOf('/call/+4917612345678.data', '/call/redacted'),
  rowOf('/call/(+4917612345678),', '/call/redacted'),
  rowOf(`/calendar/ical/${CALENDAR}.`, '/calendar/ical/redacted'),
  rowOf(`/calendar/ical/${CALENDAR}.json`, '/calendar/ical/redacted'),
  rowOf(`/x/${'%25'.repeat(1)}${'25'.repeat(9)}41`, '/x/redacted'),
  rowOf('/fetch/https://user:pw@intern/a', '/fetch/https://redacted/a'),
  rowOf('/fetch/https:/user:pw@intern/a', '/fetch/https:/redacted/a'),
  rowOf('/fetch/https:%2F%2Fuser:pw@intern', '/fetch/redacted'),
  rowOf('//user@intern:8080/a', '//redacted/a'),
  rowOf('/fetch/https%3A%2F%2Fuser%3Ap%252Fw%40intern', '/fetch/redacted'),
  // After a secret word.
  rowOf(`/-/user/token/${NPM}`, '/-/user/token/redacted'),
  rowOf('/-/user/token/5f4dcc3b5aa765d61d8327deb882cf99', '/-/user/token/redacted'),
  rowOf(`/api/v1/keys/${OPENAI}`, '/api/v1/keys/redacted'),
  rowOf('/reset-password/9fK2mQ7x', '/reset-password/redacted'),
  rowOf('//reset-password/9fK2mQ7x', '//reset-password/redacted'),
  rowOf('/reset-password%5C9fK2mQ7x', '/redacted'),
  rowOf('/a%5Creset-password%5C9fK2mQ7x/b', '/redacted/b'),
  rowOf('/reset-password/9fK2mQ7x/confirm', '/reset-password/redacted/confirm'),
  rowOf('/resetPassword/9fK2mQ7x', '/resetPassword/redacted'),
  rowOf('/reset%2Dpassword/9fK2mQ7x', '/reset%2Dpassword/redacted', '/reset-password/redacted'),
  rowOf(`/reset_password/${UUID}`, '/reset_password/redacted'),
  rowOf('/password/correct-horse-battery-staple', '/password/redacted'),
  rowOf('/passwort/abc1', '/passwort/redacted'),
  rowOf('/session/42', '/session/redacted'),
  // Of Laravel, and as many applications of Node.js have it.
  rowOf(`/password/reset/${SHA1}`, '/password/reset/redacted'),
  rowOf(`/email/verify/7/${SHA1}`, '/email/verify/redacted/redacted'),
  ...words('reset verify activate confirm unsubscribe account-activation').map((word) =>
    rowOf(`/${word}/${SHA1}`, `/${word}/redacted`),
  ),
  rowOf('/token/v2/9fK2mQ7x', '/token/v2/redacted'),
  rowOf('/token//9fK2mQ7x', '/token//redacted'),
  ...['.', '..', '-', '~'].map((between) =>
    rowOf(`/token/${between}/9fK2mQ7x`, `/token/${between}/redacted`),
  ),
  rowOf('/token/%2E/9fK2mQ7x', '/token/%2E/redacted', '/token/./redacted'),
  rowOf('/token/%20/9fK2mQ7x', '/token/%20/redacted', '/token/ /redacted'),
  rowOf('/token/1.0/9fK2mQ7x', '/token/1.0/redacted'),
  rowOf('/auth/2fa/123456', '/auth/2fa/redacted'),
  ...words('030.123.456 02.12.34.56 123.456 12.34.56 10.0.0.1 oauth-123.456').map((value) =>
    rowOf(`/phone/${value}`, '/phone/redacted'),
  ),
  rowOf('/token%2F9fK2mQ7x', '/redacted'),
  rowOf('/invite/abc123;v=1/accept', '/invite/redacted;v=1/accept'),
  rowOf('/invite/ann@b.cc/abc123', '/invite/redacted/redacted'),
  rowOf('/token/%762/abc123', '/token/%762/redacted', '/token/v2/redacted'),
  rowOf('/api/webhooks/1234567890/abc1_def', '/api/webhooks/redacted/redacted'),
  rowOf(`/api/webhooks/1234567890/${DISCORD}`, '/api/webhooks/redacted/redacted'),
  rowOf(
    `/api/webhooks/1234567890/${DISCORD}/messages/77`,
    '/api/webhooks/redacted/redacted/messages/77',
    '/api/webhooks/redacted/redacted/messages/:id',
  ),
  rowOf(
    `/webhookb2/${UUID}@${UUID}/IncomingWebhook/5f4dcc3b5aa765d61d8327deb882cf99/${UUID}`,
    `/webhookb2/${UUID}@${UUID}/IncomingWebhook/redacted/redacted`,
  ),
  ...['pw', 'sso', 'motdepasse', 'authentication', `${'csrf'.repeat(9)}token`].map((word) =>
    rowOf(`/${word}/7`, `/${word}/redacted`),
  ),
  ...['passwor-t', 'tok-en', 'to2ken', 'x-pw', 'APIKey'].map((word) =>
    rowOf(`/${word}/7`, `/${word}/redacted`),
  ),
  rowOf('/passwor%74/7', '/passwor%74/redacted', '/passwort/redacted'),
  rowOf('/cod%C3%A9/7', '/cod%C3%A9/redacted', '/codé/redacted'),
  // Pairs.
  rowOf('/token=9fK2mQ7x/a', '/token=redacted/a'),
  rowOf('/token=/a1', '/token=redacted/a1'),
  rowOf('/token=redacted/a1', '/token=redacted/a1'), // as after the first time
  rowOf('/Bearer%20abc/a', '/redacted/a'),
  rowOf('/Bearer%09abc/a', '/redacted/a'),
];

/** Sent as they are, also in titles. */
const KEPT_IN_TITLES = words(`
  / /app.3f9a1c2b.js /assets/index-BxK9d3Fa.js /news/the-ten-best-laptops-of-2026
  /wiki/2024_Summer_Olympics /wiki/List_of_iPhone_models_2026 /files/IMG_20240115_103215_Burst
  /p/Samsung-Galaxy-S24-Ultra-5G-256GB-Titan /p/LG-OLED55C37LA-4K-Smart-TV
  /p/Samsung-UE55CU7179UXZG-TV /p/WD-Black-SN850X-WDS200T2X0E /p/C6H12O6-Glucose-Powder
  /p/Lenovo-ThinkPad-X1C-Gen11-21HM004GGE /p/Seagate_IronWolf_ST8000VN004_8TB
  /Meeting-Notes-5f4dcc3b5aa765d61d8327deb882cf99 /blog/My-first-Post-3f9a1c2b4d5e
  /article/Excel-functions-b3944572-255d-4efb-bb96-c6d90033e188
  /p/iPhone-17-Pro-Max-256GB-Black /p/SKU-4711-AbC /p/B0C9XJ7K2Q /log/2026-11-23
  /api/GetCustomerByIdAndRegion2 /docs/OAuth2AuthorizationServerConfigurer /wiki/User:TheBestEditorOf2026Ever
  /shop.v1.OAuth2AuthorizationServiceInternal/Get /TheBestChannelOf2026Yet /p/SonyWH1000XM5WirelessHeadphones
  /log/2026-11-23T06:41:46Z /log/2026-11-23T06:41:46+01:00 /de-DE/start /v2/users
  /docs/1.22.0/api /packages/1.0.0+20130313144700 /npm/react@18.2.0/index.js
  /npm/jquery@3.7.1.min.js /img/logo@2x.png /@vite/client /@scope/package
  /@TheBestChannelOf2026Yet /+SomeName /password/reset /password/v2 /auth/v1beta1/me
  /crates/jsonwebtoken/9.2.0 /com.auth0/java-jwt/4.4.0 /auth/oauth-2.0 /auth/saml2.0
  /auth/oauth2/callback /sso/saml2/acs /api/auth/2fa/enable /auth/web3 /auth/auth0/callback /tokens
  /webhooks/github /keys:rotate /bot/42:abc /robots.txt /img/ewok.png /img/eyes.png
`);

const KEPT = [
  ...KEPT_IN_TITLES.map((path) => rowOf(path, path)),
  rowOf('/users/42', '/users/42', '/users/:id'),
  rowOf(`/items/${UUID}`, `/items/${UUID}`, '/items/:uuid'),
  rowOf(`/items/${UUID.toUpperCase()}`, `/items/${UUID.toUpperCase()}`, '/items/:uuid'),
  rowOf(`/commits/${SHA1}`, `/commits/${SHA1}`, '/commits/:id'),
  rowOf('/objects/507f1f77bcf86cd799439011', '/objects/507f1f77bcf86cd799439011', '/objects/:id'),
  rowOf('/items/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/items/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/items/:id'),
  rowOf(`/static/main.${SHA1}.chunk.css`, `/static/main.${SHA1}.chunk.css`),
  rowOf('/2026/11/23/hello', '/2026/11/23/hello', '/:id/:id/:id/hello'),
  rowOf('/c++/17', '/c++/17', '/c++/:id'),
  rowOf('/auth/v1.2/users/7', '/auth/v1.2/users/7', '/auth/v1.2/users/:id'),
  rowOf('/users/oauth2/7', '/users/oauth2/7', '/users/oauth2/:id'),
  rowOf('/authors/42', '/authors/42', '/authors/:id'),
  rowOf('/keyring/42', '/keyring/42', '/keyring/:id'),
  rowOf('/itm/Apple-iPhone-13/2553', '/itm/Apple-iPhone-13/2553', '/itm/Apple-iPhone-13/:id'),
  rowOf('/status-code/404', '/status-code/404', '/status-code/:id'),
  rowOf('/webhooks/github/7', '/webhooks/github/7', '/webhooks/github/:id'),
  rowOf('/private-beta/2026', '/private-beta/2026', '/private-beta/:id'),
  rowOf('/caf%C3%A9/%E2%82%AC', '/caf%C3%A9/%E2%82%AC', '/café/€'),
  rowOf('/100%25', '/100%25', '/100%'),
  rowOf('/a%20b/c+d', '/a%20b/c+d', '/a b/c+d'),
];

const ORIGIN = 'https://shop.example.org';
const DIMENSIONS = {
  1: 'matomo.failed_endpoint',
  2: 'url.path',
  3: 'http.request.header.referer',
} as const;

function sentOf(path: string, options: Parameters<typeof parametersOf>[1] = {}) {
  const request = { path, route: undefined, referrer: `https://ref.example${path}` };
  const { parameters } = parametersOf(httpRequest(request), options);
  const failed = httpRequest({ ...request, statusCode: 500 });
  const { dimension1, dimension2, dimension3 } = parametersOf(failed, {
    ...options,
    dimensions: DIMENSIONS,
  }).parameters;
  const { url, urlref, action_name: title } = parameters;
  return { url, urlref, title, dimension1, dimension2, dimension3 };
}

test.each([...SECRET, ...KEPT])('of the path $path, $sent is sent', ({ path, sent, title }) => {
  expect(sentOf(path)).toEqual({
    url: ORIGIN + sent,
    urlref: `https://ref.example${sent}`,
    title: `GET ${title}`,
    dimension1: `5xx GET ${title}`,
    dimension2: sent,
    dimension3: `https://ref.example${sent}`,
  });
});

test.each(SECRET)('query: keep keeps the path $path, but not of a referrer', ({ path, sent }) => {
  expect(sentOf(path, { query: 'keep', titlePaths: 'raw' })).toMatchObject({
    url: ORIGIN + path,
    urlref: `https://ref.example${sent}`,
  });
});

test.each([
  ['https://a.example/x?token=1&b=2#top', 'https://a.example/x?token=redacted&b=2#top'],
  ['https://a.example/x#access_token=1', 'https://a.example/x'],
  ['https://a.example/#/reset-password/9fK2mQ7x', 'https://a.example/'],
  ['https://a.example/#a=/confirm/kX3vQ9bT2mN7pL5wZ8rY&b=1', 'https://a.example/'],
  ['https://u:p@a.example/token/9fK2mQ7x', 'https://a.example/token/redacted'],
  ['https://token.example:8443/7?q=shoes#a', 'https://token.example:8443/7?q=shoes#a'],
])('of the URL %s that the application sets, %s is sent', (url, sent) => {
  const request = httpRequest({ annotations: [annotations({ parameters: { url } })] });
  expect(parametersOf(request).parameters.url).toBe(sent);
  expect(parametersOf(request, { query: 'strip' }).parameters.url).toBe(sent);
  const kept = parametersOf(request, { query: 'keep' }).parameters.url;
  expect(kept).toBe(url.replace('u:p@', ''));
});

test.each(['keep', 'redact', 'strip'] as const)(
  'with query: %s, what patterns match is redacted in URLs that the application sets',
  (query) => {
    const url = 'https://a.example/patients/ada%20lovelace?page=2#top';
    const { parameters } = parametersOf(
      httpRequest({ annotations: [annotations({ parameters: { url, urlref: url } })] }),
      { query, redactPathPatterns: [/ada lovelace/] },
    );
    const sent = 'https://a.example/patients/redacted?page=2#top';
    expect(parameters).toMatchObject({ url: sent, urlref: sent });
  },
);

test.each([
  ['next=/reset-password/9fK2mQ7x', 'next=redacted'],
  ['next=//reset-password/9fK2mQ7x', 'next=redacted'],
  ['next=%252F%252Freset-password%252F9fK2mQ7x', 'next=redacted'],
  ['next=x//reset-password/9fK2mQ7x', 'next=redacted'],
  ['next=https://a.example//reset-password/9fK2mQ7x', 'next=redacted'],
  ['next=//token:1234/', 'next=redacted'],
  ['next=//a.example:8080/users/42', 'next=//a.example:8080/users/42'],
  [`next=https%3A%2F%2Fa.example%2Ftoken%2F${NPM}%3Fa%3D1`, 'next=redacted'],
  ['next=%2Fapp%23%2Freset-password%2F9fK2mQ7x', 'next=redacted'],
  ['next=%2Fapp%23!%2Freset-password%2F9fK2mQ7x', 'next=redacted'],
  ['next=%2Fx%3Fv%3D%2Ftoken%2Fabc123', 'next=redacted'],
  ['next=%2Fx%3Fv%3D%2Fconfirm%2FkX3vQ9bT2mN7pL5wZ8rY%26b%3D1', 'next=redacted'],
  ['next=%7B%22u%22:%22https://a.example/token/abc123%22%7D', 'next=redacted'],
  ['next=https://token.example/7', 'next=https://token.example/7'],
  ['next=/x?u=https://token.example/7', 'next=/x?u=https://token.example/7'],
  ['mtm_campaign=mail/2026-11', 'mtm_campaign=mail/2026-11'],
  ['mtm_content=ad/Spring_Sale_2026_Top', 'mtm_content=ad/Spring_Sale_2026_Top'],
  ['next=/users/42?page=2', 'next=/users/42?page=2'],
  ['date=2026/11/23', 'date=2026/11/23'],
  ['next=/%3B%2B4917612345678', 'next=redacted'],
  ['token&page=2', 'token&page=2'],
])('a path in the query %s is redacted, too: %s', (query, sent) => {
  expect(parametersOf(httpRequest({ path: '/', query })).parameters.url).toBe(`${ORIGIN}/?${sent}`);
});

test('a segment is a secret whether or not one of its characters is escaped, so that all rules look at it', () => {
  const segment = fc.oneof(
    fc.constantFrom('', 'token', 'users', 'reset-password', 'v2', 'oauth2', '7', 'a1', 'ann@b.cc'),
    fc.constantFrom(
      JWT,
      NPM,
      OPENAI,
      DISCORD,
      CALENDAR,
      DJANGO,
      SHA1,
      UUID,
      'ann@example.org',
      '%40',
    ),
    fc.constantFrom('eyJhIjoxfQ.x', 'x.eyJhIjoxfQ.x', 'bot1:x', '+4917612345678'),
    fc.stringMatching(/^[\w.-]{18,24}$/),
    fc
      .string({ unit: 'binary-ascii', maxLength: 30 })
      .map((text) => text.replaceAll(/[/;&=:]/g, '')),
  );
  const redactedIn = (segments: readonly string[]) =>
    redactSecrets(`/${segments.join('/')}`)
      .split('/')
      .map((text) => text === 'redacted');
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const escaped = segments.map((text) =>
        text.replace(/^\w/, (first) => `%${first.charCodeAt(0).toString(16)}`),
      );
      expect(redactedIn(escaped)).toEqual(redactedIn(segments));
    }),
    seededRuns(500),
  );
});

test('what is redacted in a path once stays as it is, and matrix parameters before it change nothing', () => {
  const piece = fc.constantFrom('token', 'v2', 'a1', ';', '&', '=', '%', '%2F', '/', '@b.cc', JWT);
  const segment = fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 30 }));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (pieces) => {
      const path = `/${pieces.join('')}`;
      const redacted = redactSecrets(path);
      expect(redactSecrets(redacted)).toBe(redacted);
      expect(redactSecrets(`/;${path}`)).toBe(`/;${redacted}`);
    }),
    seededRuns(500),
  );
});

test('what matches in a path is redacted, everywhere and again for the next request', () => {
  const redact = createRedactPath([/[^/]+@[^/]+/, /\d{6,}/g]);
  for (let i = 0; i < 2; i++) {
    expect(redact('/u/ann@example.org/o/1234567/x/7654321')).toBe(
      '/u/redacted/o/redacted/x/redacted',
    );
  }
  expect(createRedactPath([/.*/])('/a')).toMatch(/^\//);
});

test.each([
  ['/b/max%40example.org/x', '/b/redacted/x'],
  ['/b/m%C3%BCller@example.org/x', '/b/redacted/x'],
  ['/d/%31%32%33%34%35%36/x', '/d/redacted/x'],
  ['/d/a123456b/b%20c', '/d/aredactedb/b%20c'],
  ['/d/a123456b%20c', '/d/redacted'],
  ['/iban/DE89%203704%200044/x', '/iban/redacted/x'],
  ['/f/a%2Fb@c/x', '/f/redacted/x'],
  ['/over/%C3%A9e/x', '/oredacted/redacted/x'],
  ['/f/cover%2F%C3%A9/x', '/f/redacted/x'],
  ['/f/a%2Fb/x%20y/z', '/f/a%2Fb/x%20y/z'],
  ['/a%20b/c+d', '/a%20b/c+d'],
])('of %s, with escapes or without, %s is sent', (path, sent) => {
  const patterns = [/[^/]+@[^/]+/, /\d{6,}/, /[A-Z]{2}\d{2} \d+ \d+/, /ver\/é/];
  expect(createRedactPath(patterns)(path)).toBe(sent);
  const { parameters } = parametersOf(
    httpRequest({ path: '/', referrer: `https://ref.example${path}` }),
    { redactPathPatterns: patterns },
  );
  expect(parameters.urlref).toBe(`https://ref.example${sent}`);
});
