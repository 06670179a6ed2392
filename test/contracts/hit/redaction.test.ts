import { expect, test } from 'vitest';
import { jwt } from '../../support/jwt.js';
import { words } from '../../support/words.js';
import { build, type MatomoOptions } from '../doors/build.js';
import { golden } from './golden.js';

const JWT = jwt({ sub: 'bob' });
/** Keys and tokens as their services make them. */
const NPM = 'npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E';
const OPENAI = 'sk-proj-x9_Kd2mQ7xT9vB1nL6pR3sW8zD5-hJ0cY2aGt4EuI7oP-T3BlbkFJq1W2e3R4t5Y6u7I8o9P0a';
const SLACK = 'kXyZ9aB3cD4eF5gH6iJ7kL8m';
const DISCORD = 'kXyZ_9-aB3cD4eF5-gH6iJ7kL8mN9oP0qR1sT2uV3wX4yZ5';
const TELEGRAM = '123456789:AAF8xK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2a';
const CALENDAR = 'private-9f8e7d6c5b4a39281706f5e4d3c2b1a0';
const DJANGO = 'dilbc0-3f9a1c2b4d5e6f708192a3b4c5d6e7f8';
const SHA1 = '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12';
const UUID = '123e4567-e89b-12d3-a456-426614174000';

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const LOWER = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';

/** What is sent of a path in URLs, and in titles if that differs. */
const rowOf = (path: string, sent: string, title: string = sent) => ({ path, sent, title });

const SECRET = [
  // By themselves.
  rowOf(`/verify/${JWT}`, '/verify/redacted'),
  // Other JSON than that of most libraries.
  ...['{ "a": 1 }', '{\n "a": 1}', '{\r\n "a": 1}', '{\n\t"a": 1}'].map((json) =>
    rowOf(`/about/${Buffer.from(json).toString('base64url')}.e30.c2ln`, '/about/redacted'),
  ),
  rowOf(`/verify/${encodeURIComponent(`a:${JWT}`)}`, '/verify/redacted'),
  rowOf(`/redirect/${encodeURIComponent(`https://a.example/verify/${JWT}`)}`, '/redirect/redacted'),
  rowOf('/users/ann@example.org', '/users/redacted'),
  rowOf('/users/ann%252540example.org', '/users/redacted'),
  rowOf('/users/m%C3%BCller@m%C3%BCller.de', '/users/redacted'),
  rowOf('/users/ann@%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84', '/users/redacted'),
  // As keyboards for Chinese and Japanese write them.
  rowOf('/users/ann%EF%BC%A0example.org', '/users/redacted'),
  rowOf('/users/ann@example%E3%80%82jp', '/users/redacted'),
  rowOf('/call/%EF%BC%8B%EF%BC%94%EF%BC%99%EF%BC%91%EF%BC%97%EF%BC%96%EF%BC%91', '/call/redacted'),
  rowOf('/token%EF%BC%9D9fK2mQ7x', '/redacted'),
  rowOf(
    '/%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E/9fK2mQ7x',
    '/%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E/redacted',
    '/ｔｏｋｅｎ/redacted',
  ),
  rowOf('/share/ann@example.org,bob@example.org', '/share/redacted'),
  rowOf('/users/ann@example.org;v=1/edit', '/users/redacted;v=1/edit'),
  rowOf(`/download/${NPM}`, '/download/redacted'),
  rowOf(`/try/${OPENAI}`, '/try/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rY', '/confirm/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rYw%3D%3D', '/confirm/redacted'),
  ...['.', '!', ')', '...', '%0A', '%3E,', '.data', '.json'].map((ending) =>
    rowOf(`/confirm/kX3vQ9bT2mN7pL5wZ8rY${ending}`, '/confirm/redacted'),
  ),
  ...['-', '_'].map((joint) =>
    rowOf(`/confirm/kX3vQ9bT${joint}2mN7pL5${joint}wZ8rYa`, '/confirm/redacted'),
  ),
  rowOf('/about/abcDefg12hijKlmn34opqRst', '/about/redacted'),
  rowOf('/confirm/kX3vQ9bT2mN7pL5wZ8rY______', '/confirm/redacted'),
  rowOf('/maps/AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY', '/maps/redacted'),
  rowOf('/hooks/xoxb-123456789012-1234567890123-AbCdEfGhIjKlMn', '/hooks/redacted'),
  rowOf('/confirm/(kX3vQ9bT2mN7pL5wZ8rY)', '/confirm/redacted'),
  // Signed by itsdangerous of Flask, by Django, by SendGrid, and as PASETO.
  ...words(`
    ImFkYUBleGFtcGxlLm9yZyI.ZyXw3A.Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0
    .eJwVjEEKgCAQAP-y5w5qRdRnYt2F.ZyXw3A.Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0
    ImFkYSI:1qXyZ1:Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4EuI7oP_q1
    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
    v4.local.Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4EuI7oP_q1W
  `).map((token) => rowOf(`/confirm/${token}`, '/confirm/redacted')),
  rowOf(`/try/${LOWER}/b`, '/try/redacted/b'),
  rowOf(`/a/ghp_${'a1'.repeat(18)}`, '/a/redacted'),
  rowOf(`/services/T0AB/B0CD/${SLACK}`, '/services/T0AB/B0CD/redacted'),
  rowOf(`/bot${TELEGRAM}/getMe`, '/redacted/getMe'),
  rowOf('/bot42:abcdefghijk/getMe', '/redacted/getMe'),
  rowOf(`/calendar/ical/${CALENDAR}/basic.ics`, '/calendar/ical/redacted/basic.ics'),
  rowOf(`/accounts/reset/MTA1/${DJANGO}/`, '/accounts/reset/redacted/redacted/'),
  rowOf('/call/+4917612345678', '/call/redacted'),
  rowOf('/call/%2B4917612345678', '/call/redacted'),
  rowOf('/call/%252B49%2520176%252012345678', '/call/redacted'),
  rowOf('/call/+49%20(176)%20123-45.678', '/call/redacted'),
  rowOf('/call/whatsapp:+4917612345678', '/call/redacted'),
  rowOf('/call/(+4917612345678),', '/call/redacted'),
  rowOf(`/calendar/ical/${CALENDAR}.`, '/calendar/ical/redacted'),
  rowOf(`/x/${'%25'.repeat(1)}${'25'.repeat(9)}41`, '/x/redacted'),
  rowOf('/fetch/https://user:pw@intern/a', '/fetch/https://redacted/a'),
  rowOf('/fetch/https:/user:pw@intern/a', '/fetch/https:/redacted/a'),
  rowOf('/fetch/https:%2F%2Fuser:pw@intern', '/fetch/redacted'),
  rowOf('//user@intern:8080/a', '//redacted/a'),
  rowOf('/fetch/https%3A%2F%2Fuser%3Ap%252Fw%40intern', '/fetch/redacted'),
  // After a secret word.
  rowOf('/-/user/token/5f4dcc3b5aa765d61d8327deb882cf99', '/-/user/token/redacted'),
  rowOf('/reset-password/9fK2mQ7x', '/reset-password/redacted'),
  rowOf('/reset-password%5C9fK2mQ7x', '/redacted'),
  rowOf('/resetPassword/9fK2mQ7x', '/resetPassword/redacted'),
  rowOf('/reset%2Dpassword/9fK2mQ7x', '/reset%2Dpassword/redacted', '/reset-password/redacted'),
  rowOf(`/reset_password/${UUID}`, '/reset_password/redacted'),
  rowOf('/password/correct-horse-battery-staple', '/password/redacted'),
  // Of Laravel, and as many applications of Node.js have it.
  rowOf(`/email/verify/7/${SHA1}`, '/email/verify/redacted/redacted'),
  ...words('reset verify activate confirm unsubscribe account-activation').map((word) =>
    rowOf(`/${word}/${SHA1}`, `/${word}/redacted`),
  ),
  ...['.', '..', '-', '~'].map((between) =>
    rowOf(`/token/${between}/9fK2mQ7x`, `/token/${between}/redacted`),
  ),
  rowOf('/token/%2E/9fK2mQ7x', '/token/%2E/redacted', '/token/./redacted'),
  rowOf('/token/%20/9fK2mQ7x', '/token/%20/redacted', '/token/ /redacted'),
  ...words('030.123.456 02.12.34.56 123.456 12.34.56 10.0.0.1 oauth-123.456').map((value) =>
    rowOf(`/phone/${value}`, '/phone/redacted'),
  ),
  rowOf('/invite/abc123;rest/accept', '/invite/redacted/accept'),
  rowOf('/invite/ann@b.cc/abc123', '/invite/redacted/redacted'),
  rowOf('/api/webhooks/1234567890/abc1_def', '/api/webhooks/redacted/redacted'),
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
  // What makes a segment a secret, a value, or a version begins at a length.
  rowOf('/call/+123456', '/call/redacted'),
  rowOf('/token/abcdefghijklmnopqrst/x', '/token/redacted/x'),
  rowOf('/token/v1234/v123', '/token/redacted/v123'),
  rowOf('/token/v2/4.4.0/oauth2/2fa/9fK', '/token/v2/4.4.0/oauth2/2fa/redacted'),
  rowOf('/ada＠example.org', '/redacted'), // as spans may have it
  // Pairs.
  rowOf('/a;jsessionid=s3cret/b', '/a;jsessionid=redacted/b'),
  rowOf('/a;token=s3;cret/b;x=1', '/a;token=redacted/b;x=1'),
  rowOf('/a;token=1&b=2;c/x', '/a;token=redacted&b=2;c/x'),
  rowOf('/a;x=1&amp;token=s3cret', '/a;x=1&token=redacted'),
  rowOf(
    '/a;return=/x%3Ftoken=s3cret',
    '/a;return=/x%3Ftoken=redacted',
    '/a;return=/x?token=redacted',
  ),
  rowOf('/token=s3cret/a;b=1', '/token=redacted/a;b=1'),
  rowOf('/access_token%253Ds3cret', '/redacted'),
  rowOf('/%252574oken=s3cret', '/%252574oken=redacted', '/%2574oken=redacted'),
  rowOf('/token:s3cret/a', '/redacted/a'),
  rowOf('/token=/a1', '/token=redacted/a1'),
  rowOf('/token=redacted/a1', '/token=redacted/a1'), // as after the first time
  rowOf('/Bearer%20abc/a', '/redacted/a'),
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
  /wiki/Magic:_The_Gathering /wiki/User:Ada /users/login /sk-hynix-memory-chips-2026 /sign/leo /R&D/token /a;v=1/b
  /crates/jsonwebtoken/9.2.0 /com.auth0/java-jwt/4.4.0 /auth/oauth-2.0 /auth/saml2.0
  /auth/oauth2/callback /sso/saml2/acs /api/auth/2fa/enable /auth/web3 /auth/auth0/callback /tokens
  /webhooks/github /keys:rotate /bot/42:abc /robots.txt /img/ewok.png /img/eyes.png
`);

const KEPT = [
  ...KEPT_IN_TITLES.map((path) => rowOf(path, path)),
  rowOf('/a/kX3vQ9bT2mN7pL5wZ8r/b', '/a/kX3vQ9bT2mN7pL5wZ8r/b'),
  rowOf('/call/+12345', '/call/+12345'),
  rowOf('/a/%61b1c2d3e4f5g6h7i8j9k', '/a/%61b1c2d3e4f5g6h7i8j9k', '/a/ab1c2d3e4f5g6h7i8j9k'),
  rowOf('/token/abcdefghijklmnopqrs/x', '/token/abcdefghijklmnopqrs/x'),
  rowOf('/sign-in/reset/hello/1', '/sign-in/reset/hello/1', '/sign-in/reset/hello/:id'),
  rowOf(`/items/${UUID.toUpperCase()}`, `/items/${UUID.toUpperCase()}`, '/items/:uuid'),
  rowOf(`/commits/${SHA1}`, `/commits/${SHA1}`, '/commits/:id'),
  rowOf(`/static/main.${SHA1}.chunk.css`, `/static/main.${SHA1}.chunk.css`),
  rowOf('/c++/17', '/c++/17', '/c++/:id'),
  rowOf('/auth/v1.2/users/7', '/auth/v1.2/users/7', '/auth/v1.2/users/:id'),
  rowOf('/users/oauth2/7', '/users/oauth2/7', '/users/oauth2/:id'),
  rowOf('/status-code/404', '/status-code/404', '/status-code/:id'),
  rowOf('/private-beta/2026', '/private-beta/2026', '/private-beta/:id'),
  rowOf('/100%25', '/100%25', '/100%'),
];

const ORIGIN = 'https://shop.example.org';

function parametersOf(facts: Parameters<typeof build>[0], options: MatomoOptions = {}) {
  return build({ route: '', ...facts }, options).hits[0]?.parameters ?? {};
}

/** What is not plain is marked whole, and matrix parameters are left out. */
const MARKED: Readonly<Record<string, string>> = {
  '/users/ann@example.org;v=1/edit': '/users/redacted/edit',
  '/webhookb2/123e4567-e89b-12d3-a456-426614174000@123e4567-e89b-12d3-a456-426614174000/IncomingWebhook/5f4dcc3b5aa765d61d8327deb882cf99/123e4567-e89b-12d3-a456-426614174000':
    '/webhookb2/redacted/IncomingWebhook/redacted/redacted',
  '/a;jsessionid=s3cret/b': '/a/b',
  '/a;token=s3;cret/b;x=1': '/a/b',
  '/a;token=1&b=2;c/x': '/a/x',
  '/a;x=1&amp;token=s3cret': '/a',
  '/a;return=/x%3Ftoken=s3cret': '/a/redacted',
  '/token=s3cret/a;b=1': '/redacted/a',
  '/%252574oken=s3cret': '/redacted',
  '/token=/a1': '/redacted/a1',
  '/token=redacted/a1': '/redacted/a1',
  '/npm/jquery@3.7.1.min.js': '/npm/redacted',
  '/img/logo@2x.png': '/img/redacted',
  '/sk-hynix-memory-chips-2026': '/redacted',
  '/a;v=1/b': '/a/b',
  '/a/%61b1c2d3e4f5g6h7i8j9k': '/a/redacted',
};

test.each(
  [...SECRET, ...KEPT].map((row) =>
    MARKED[row.path] === undefined ? row : rowOf(row.path, MARKED[row.path] as string),
  ),
)('of the path $path, $sent is sent', ({ path, sent, title }) => {
  const facts = { path, headers: { referer: `https://ref.example${path}` } };
  const dimensions = { 1: 'url.path', 2: 'http.request.header.referer' };
  expect(parametersOf(facts, { dimensions, staticFiles: 'track' })).toMatchObject({
    url: ORIGIN + sent,
    urlref: `https://ref.example${sent}`,
    action_name: `GET ${title}`,
    dimension1: sent,
    dimension2: `https://ref.example${sent}`,
  });
});

test.each([
  ...words('login Login user username db_user currentUser account basic auth creds').map((name) => [
    name,
    'ada:pw',
  ]),
  ['login', 'admin%3Asecretpw123'],
  ['login', 'admin%253Asecretpw123'],
  ['basic', 'YWRhOnNlY3JldA=='],
  ['sign', `1764350000-${MD5}`],
  ['sign', MD5.toUpperCase()],
  ...words('api_sign hash checksum md5 mac X-Amz-Signature').map((name) => [name, MD5]),
  ['sha256', MD5 + MD5],
  ['x', LOWER],
  ['x', `ghp_${'a1'.repeat(18)}`],
  ['x', 'sk_live_51abcdefghijklmn'],
  ...[LOWER, MD5, UUID].map((name) => ['operationName', name]),
  ...words(`
    passphrase pin puk otp code_verifier assertion client_assertion SAMLResponse samlresponse SAMLart wresult id_token
    ticket _wpnonce sess psw pswd tkn mnemonic dbpass userpass appkey resetcode smsCode security_code recoverycode
    invitecode sig hmac access_token X-Api-Key sessionId csrfmiddlewaretoken mypassword NEWPASSWD oldPassWord myapikey
    authkey authcode phonenumber awscredentials appsecret userpwd newpassphrase usersessionid pos_sessionid PHPSESSID
    mysessionkey slang_code error_code_token country_code.code postal_code zipCode creditcard credit_card userCardNumber
    cvv2 JSONPin magic invite sso neuesPasswort mot_de_passe email
  `).map((name) => [name, 'a1']),
])('%s=%s is redacted wherever a URL has it', (name, value) => {
  const pair = `${name}=${value}`;
  const redacted = `${name}=redacted`;
  const [page, event] = build(
    {
      path: `/a;${pair}/${pair}/b`,
      route: '',
      query: `a=1;${pair}&${pair}&q=${encodeURIComponent(pair)}&next=${encodeURIComponent(`/a?${pair}`)}`,
      headers: { referer: `https://g.example/a?${pair}` },
      responseHeaders: { location: `/a?${pair}` },
      calls: [['trackEvent', 'a', 'b', { url: `https://g.example/a?${pair}` }]],
    },
    { siteSearch: true, dimensions: { 1: 'http.response.header.location' } },
  ).hits;
  expect(page?.parameters).toMatchObject({
    url: `${ORIGIN}/a/redacted/b?a=redacted&${redacted}&q=redacted&next=redacted`,
    urlref: `https://g.example/a?${redacted}`,
    dimension1: expect.stringMatching(/redacted$/),
  });
  expect(event?.parameters.url).toBe(`https://g.example/a?${redacted}`);
});

const REDACTED_QUERIES: readonly (readonly [query: string, sent: string])[] = [
  ['email=a&m=ada%40example.org&n=ada@example', 'email=redacted&m=redacted&n=ada@example'],
  ['to=ada%EF%BC%A0example%EF%BC%8Eorg', 'to=redacted'],
  ['token=s3;cret==;b=2', 'token=redacted;b=2'],
  ['sign=kX3vQ9bT%2B2mN7pL5%2FwZ8rYw%3D', 'sign=redacted'],
  ['token=1;rest&amp;token=2', 'token=redacted&token=redacted'],
  [
    'to%6ben%=1&a%5Btoken%5D=3&token[]=4',
    'to%6ben%=redacted&a%5Btoken%5D=redacted&token[]=redacted',
  ],
  ['%2574oken=s3cret', '%2574oken=redacted'],
  ['ada@example.org&token=&=1&a', 'redacted&token=redacted&=1&a'],
  ['a=%2525252541&b=%252525252541', 'a=%2525252541&b=redacted'],
  [
    'has%C5%82o=2&pa%C3%9Fwort=4&contrase%C3%B1a=1',
    'has%C5%82o=redacted&pa%C3%9Fwort=redacted&contrase%C3%B1a=redacted',
  ],
  [
    '%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E=1',
    '%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E=redacted',
  ],
  ['x=%2Fx%3Fnext%3D%252Fy%253Ftoken%253Ds3cret', 'x=redacted'],
  ['x=%2Fx%3Bjsessionid%3Ds3cret', 'x=redacted'],
  ['x=%7B%22token%22%3A%20%22s3cret%22%7D', 'x=redacted'],
  ['%3Ftoken%3Ds3cret', 'redacted'],
  ['x%3Ftoken%3Ds3cret=1', 'redacted'],
  ['Bearer%20s3cret', 'redacted'],
  ['token:s3cret', 'redacted'],
  // Credentials and pairs inside of a value.
  ...words(`
    Bearer%20abcdef bearer+abcdef Basic%20dXNlcjpwYXNz basic%2520dXNlcjpwYXNz ApiKey+s3cret apikey+s3cret token%20s3cret
    token%3As3cret token%253As3cret token%EF%BC%9As3cret a,token:s3cret password%20%3A%20secret
    Phone%20eq%20'017612345678' %3Clogin%3E%3Cpassword%3Es3cret%3C/password%3E%3C/login%3E
    https%3A%2F%2Fada%3As3cret%40h%2F %2F%2Fada%3As3cret%40h%2F https%3A%5C%5Cada%3As3cret%40h https:/ada:s3cret@h
    https://ada:s3%2Fcret@h https%3A%2F%2Fada%3As3%252Fcret%40h https://ada:s3%20cret@h
  `).map((value): [string, string] => [`x=${value}`, 'x=redacted']),
  // Paths inside of a value.
  ...words(`
    /reset-password/9fK2mQ7x //reset-password/9fK2mQ7x %252F%252Freset-password%252F9fK2mQ7x x//reset-password/9fK2mQ7x
    https://a.example//reset-password/9fK2mQ7x //token:1234/ https%3A%2F%2Fa.example%2Ftoken%2F9fK2mQ7x%3Fa%3D1
    %2Fapp%23%2Freset-password%2F9fK2mQ7x %2Fapp%23!%2Freset-password%2F9fK2mQ7x %2Fx%3Fv%3D%2Ftoken%2Fabc123
    %2Fx%3Fv%3D%2Fconfirm%2FkX3vQ9bT2mN7pL5wZ8rY%26b%3D1 %7B%22u%22:%22https://a.example/token/abc123%22%7D
    /%3B%2B4917612345678 %2Fcall%2F%252B4915112345678 https://h.example/call/%2B49+151+12345678
    /x?sign=kX3v/Q9bT2m/N7pL5/wZ8rYw= %2Fx%3Fsign%3DkX3v%2FQ9bT2m%2FN7pL5%2FwZ8rYw%3D%26b%3D1
    /x?sign=kX3v+Q9bT2m+N7pL5+wZ8rYw= %2Fx%3Fsign%3DkX3v%2BQ9bT2m%2BN7pL5%2BwZ8rYw%3D
  `).map((value): [string, string] => [`x=${value}`, 'x=redacted']),
];

const KEPT_QUERIES = words(`
  authors=5&keyring=6 monkey=1&spin=1&compass=1 tokenizer=1;x=2 credit=1&card=2 invites_me=1 assess_id=7 possessionId=7
  country_code=1&currency_code=2&error_code=3&language_code=4&product_code=5&status_code=6&iPhone=15 STRASSE=3
  countryCode=DE&CountryCode=DE&currency-code=EUR login=true login=ada login=1 login=https://shop.example.org/a
  user=12:30 user_id=7 username=ada login_time=12:30 account=savings basic=training sign=leo hash=3f9a1c2b design=7
  sign=pisces-daily-horoscope-2026 v=d41d8cd98f00b204e9800998ecf8427e operationName=GetCustomerByIdAndRegion2
  x=sk-hynix-memory-chips-2026 x=npm_install x=basic+training x=a+token+of+thanks x=12%3A30 x=100% x=a+b x=a%3Ab
  x=%2Fx%3Fpage%3D2 x=https%3A%2F%2Fauth.example.org%3A8443%2Fcb x=city%20eq%20'Berlin' x=%3Ca%3E1%3C/a%3E
  x=//a.example:8080/users/42 x=https://token.example/7 x=/x?u=https://token.example/7 x=/users/42?page=2 x=/x?sign=leo/virgo x=/x?sign=leo+virgo
  mtm_campaign=mail/2026-11 mtm_content=ad/Spring_Sale_2026_Top date=2026/11/23 p=%2B49+176+12345678 t%E9l%E9phone=1
`);

const MARKED_QUERIES: Readonly<Record<string, string>> = {
  'email=a&m=ada%40example.org&n=ada@example': 'email=redacted&m=redacted&n=redacted',
  'token=s3;cret==;b=2': 'token=redacted',
  'token=1;rest&amp;token=2': 'token=redacted&redacted',
  'to%6ben%=1&a%5Btoken%5D=3&token[]=4': 'redacted&a%5Btoken%5D=redacted&token[]=redacted',
  '%2574oken=s3cret': 'redacted',
  'a=%2525252541&b=%252525252541': 'a=redacted&b=redacted',
  'tokenizer=1;x=2': 'tokenizer=redacted',
  'possessionId=7': 'possessionId=redacted',
  'login=https://shop.example.org/a': 'login=redacted',
  'user=12:30': 'user=redacted',
  'basic=training': 'basic=redacted',
  'x=sk-hynix-memory-chips-2026': 'x=redacted',
  'x=basic+training': 'x=redacted',
  'x=a+token+of+thanks': 'x=redacted',
  'x=%2Fx%3Fpage%3D2': 'x=redacted',
  'x=https%3A%2F%2Fauth.example.org%3A8443%2Fcb': 'x=redacted',
  "x=city%20eq%20'Berlin'": 'x=redacted',
  'x=%3Ca%3E1%3C/a%3E': 'x=redacted',
  'x=//a.example:8080/users/42': 'x=redacted',
  'x=https://token.example/7': 'x=redacted',
  'x=/x?u=https://token.example/7': 'x=redacted',
  'x=/users/42?page=2': 'x=redacted',
  'x=/x?sign=leo/virgo': 'x=redacted',
  'x=/x?sign=leo+virgo': 'x=redacted',
  'p=%2B49+176+12345678': 'p=redacted',
  't%E9l%E9phone=1': 't%E9l%E9phone=redacted',
};

test.each(
  [...REDACTED_QUERIES, ...KEPT_QUERIES.map((query) => [query, query] as const)].map(
    ([query, sent]) => [query, MARKED_QUERIES[query] ?? sent],
  ),
)('the query %s is sent as %s', (query, sent) => {
  expect(parametersOf({ path: '/', query }).url).toBe(`${ORIGIN}/?${sent}`);
});

/** All that is between is encoded or not in one of them. */
const PATTERNS = [
  /[^/]+@[^/]+/,
  /\d{6,}/g,
  /[A-Z]{2}\d{2} \d+ \d+/,
  /ver\/é/,
  /^\/customer\/\d+\/a/,
];

golden(
  [
    ['/u/ann@h/o/1234567/x/7654321', '/u/redacted/o/redacted/x/redacted'],
    ['/b/max%40h/x', '/b/redacted/x'],
    ['/d/%31%32%33%34%35%36/x', '/d/redacted/x'],
    ['/d/a123456b/b%20c', '/d/aredactedb/b%20c'],
    ['/d/a123456b%20c', '/d/redacted'],
    ['/iban/DE89%203704%200044/x', '/iban/redacted/x'],
    ['/f/a%2Fb@c/x', '/f/redacted/x'],
    ['/over/%C3%A9e/x', '/oredacted/redacted/x'],
    ['/f/cover%2F%C3%A9/x', '/f/redacted/x'],
    ['/f/a%2Fb/x%20y/z', '/f/a%2Fb/x%20y/z'],
    ['/customer/7/%61', '/redacted/redacted/redacted'],
    [`/${'a'.repeat(2040)}1234567890123456`, '/'], // no more than 2,048 characters were tested
  ].map(([path = '', sent]) => ({
    name: path.slice(0, 40),
    facts: { path, route: '', headers: { referer: `https://ref.example${path}` } },
    options: { redactPathPatterns: PATTERNS, actionName: 'x' },
    page: { url: ORIGIN + sent, urlref: `https://ref.example${sent}`, action_name: 'x' },
  })),
);

const MATRIX = { path: '/a;token=s3cret', route: '/a' };

golden([
  {
    name: 'a backslash is a slash',
    facts: { path: '/token\\9fK\\x', route: '' },
    page: { url: `${ORIGIN}/token%5Credacted%5Cx`, action_name: 'GET /token\\redacted\\x' },
  },
  {
    name: 'a secret of a path is in no route',
    facts: {
      path: '/token/kX3vQ9bT2mN7pL5wZ8rY/1a/2',
      route: '/token/kX3vQ9bT2mN7pL5wZ8rY/:token/:id',
    },
    page: {
      url: `${ORIGIN}/token/redacted/redacted/redacted`,
      action_name: 'GET /token/redacted/:token/:id',
    },
  },
  {
    name: 'a path that a pattern matches as a whole',
    facts: { path: '/a', route: '/a' },
    options: { redactPathPatterns: [/^.+/] },
    page: { url: `${ORIGIN}/redacted` },
  },
  {
    name: 'patterns do not change routes',
    facts: { path: '/customer-7', route: '/customer-7' },
    options: { redactPathPatterns: [/customer-\d+/] },
    page: { url: `${ORIGIN}/redacted` },
  },
  {
    name: 'with query: keep, patterns are redacted',
    facts: { path: '/customer-7/token/1a', route: '/x' },
    options: { query: 'keep', redactPathPatterns: [/customer-\d+/] },
    page: { url: `${ORIGIN}/redacted/token/1a`, action_name: 'GET /redacted/token/1a' },
  },
  {
    name: 'with query: keep, patterns are redacted in URLs that the application sets',
    facts: { calls: [['annotate', { url: 'https://a.example/ada%20x?a#b' }]] },
    options: { query: 'keep', redactPathPatterns: [/ada x/] },
    page: { url: 'https://a.example/redacted?a#b' },
  },
  { name: 'query: keep', facts: MATRIX, options: { query: 'keep' } },
  {
    name: 'query: strip keeps matrix parameters, without secrets',
    facts: { ...MATRIX, query: 'a=1' },
    options: { query: 'strip' },
    page: { url: `${ORIGIN}/a;token=redacted` },
  },
  {
    name: 'a list keeps the secrets of its names, not of matrix parameters',
    facts: { ...MATRIX, query: 'token=1&a=2' },
    options: { query: ['token'] },
    page: { url: `${ORIGIN}/a;token=redacted?token=1` },
  },
]);

test.each([
  ['https://a.example/x?token=1&b=2#top', 'https://a.example/x?token=redacted&b=2#top'],
  ['https://a.example/x#access_token=1', 'https://a.example/x'],
  ['https://a.example/#/reset-password/9fK2mQ7x', 'https://a.example/'],
  ['https://a.example/#a=/confirm/kX3vQ9bT2mN7pL5wZ8rY&b=1', 'https://a.example/'],
  ['https://u:p@a.example/token/9fK2mQ7x', 'https://a.example/token/redacted'],
  ['https://token.example:8443/7?q=shoes#a', 'https://token.example:8443/7?q=shoes#a'],
])('of the URL %s that the application sets, %s is sent', (url, sent) => {
  const facts = { calls: [['annotate', { url }]] as const };
  expect(parametersOf(facts).url).toBe(sent);
  expect(parametersOf(facts, { query: 'strip' }).url).toBe(sent);
  expect(parametersOf(facts, { query: 'keep' }).url).toBe(url.replace('u:p@', ''));
});
