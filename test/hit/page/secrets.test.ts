import { expect, test } from 'vitest';
import { createToTrackedQuery } from '../../../src/hit/page/page-url.js';
import { redactSecrets } from '../../../src/hit/page/redaction.js';
import { isSecretOperation } from '../../../src/hit/page/secrets.js';
import { createSentUrls } from '../../../src/hit/page/sent-urls.js';
import { createToSentAttribute } from '../../../src/hit/parameters/attributes.js';
import { jwt } from '../../support/jwt.js';

const URLS = {
  query: 'redact',
  siteSearch: true,
  referrers: 'full',
  urlPaths: 'full',
  redactPathPatterns: [],
} as const;
const toQuery = createToTrackedQuery(URLS);
const { ofReferrer, ofApplication } = createSentUrls(URLS);
const toSentAttribute = createToSentAttribute({ ...URLS, anonymizeIp: 0 });

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const UUID = '123e4567-e89b-12d3-a456-426614174000';
const OPENAI = 'sk-proj-x9Kd2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E';
const LOWER = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';

test.each([
  ['login', 'admin:secretpw123'],
  ['login', 'admin%3Asecretpw123'],
  ['login', 'admin%253Asecretpw123'],
  ['Login', 'ada:p@ss'],
  ['user', 'ada:pw'],
  ['username', 'ada:pw'],
  ['db_user', 'ada:pw'],
  ['currentUser', 'ada:pw'],
  ['account', 'ada:pw'],
  ['basic', 'ada:pw'],
  ['basic', 'YWRhOnNlY3JldA=='],
  ['auth', 'ada:pw'],
  ['credentials', 'ada:pw'],
  ['creds', 'ada:pw'],
  ['sign', `1764350000-${MD5}`],
  ['sign', MD5.toUpperCase()],
  ['api_sign', MD5],
  ['hash', MD5],
  ['checksum', MD5],
  ['sha256', MD5 + MD5],
  ['md5', MD5],
  ['mac', MD5],
  ['X-Amz-Signature', MD5],
  ['sig', 'abc'],
  ['hmac', 'abc'],
  ['x', OPENAI],
  ['x', LOWER],
  ['x', `ghp_${'a1'.repeat(18)}`],
  ['x', 'sk_live_51abcdefghijklmn'],
  ['operationName', LOWER],
  ['operationName', MD5],
  ['operationName', UUID],
  ...'passphrase pin puk otp code_verifier assertion client_assertion SAMLResponse samlresponse SAMLart wresult id_token ticket _wpnonce sess psw pswd tkn mnemonic dbpass userpass appkey resetcode smsCode security_code recoverycode invitecode'
    .split(' ')
    .map((name) => [name, 'a1']),
] as [string, string][])('%s=%s is redacted in each URL', (name, value) => {
  const pair = `${name}=${value}`;
  const redacted = `${name}=redacted`;
  expect(toQuery(`a=1&${pair}`)).toBe(`a=1&${redacted}`);
  expect(toQuery(`a=1;${pair}`)).toBe(`a=1;${redacted}`);
  expect(toQuery(`q=${encodeURIComponent(pair)}`)).toBe('q=redacted'); // a search
  expect(toQuery(`next=${encodeURIComponent(`/a?${pair}`)}`)).toBe('next=redacted');
  expect(ofReferrer(`https://g.example/a?${pair}`)).toBe(`https://g.example/a?${redacted}`);
  expect(ofApplication(`https://g.example/a?${pair}`)).toBe(`https://g.example/a?${redacted}`);
  expect(toSentAttribute('http.response.header.location', `/a?${pair}`)).toMatch(/redacted$/);
  expect(redactSecrets(`/a;${pair}/b`)).toBe(`/a;${redacted}/b`);
  expect(redactSecrets(`/${pair}/b`)).toBe(`/${redacted}/b`);
});

test('a signature in base64 is redacted', () => {
  const value = 'kX3vQ9bT+2mN7pL5/wZ8rYw=';
  expect(toQuery(`sign=${value}`)).toBe('sign=redacted');
  expect(toQuery(`sign=${encodeURIComponent(value)}`)).toBe('sign=redacted');
});

test.each([
  'login=true',
  'login=ada',
  'login=1',
  'login=https://shop.example.org/a',
  'user=12:30',
  'user_id=7',
  'username=ada',
  'login_time=12:30',
  'account=savings',
  'basic=training',
  'sign=leo',
  'sign=sagittarius',
  'sign=pisces-daily-horoscope-2026',
  'hash=3f9a1c2b',
  'hash=top-of-the-page',
  'design=7',
  'v=d41d8cd98f00b204e9800998ecf8427e',
  'operationName=GetCustomerByIdAndRegion2',
  'x=sk-hynix-memory-chips-2026',
  'x=npm_install',
])('%s stays', (pair) => {
  expect(toQuery(pair)).toBe(pair);
});

test.each([
  '/wiki/Magic:_The_Gathering',
  '/wiki/User:Ada',
  '/users/login',
  '/sk-hynix-memory-chips-2026',
  '/sign/leo',
  `/hash/${MD5}`,
])('the path %s stays', (path) => {
  expect(redactSecrets(path)).toBe(path);
});

test.each([`/try/${LOWER}`, `/try/${LOWER}/b`, `/a/ghp_${'a1'.repeat(18)}`])(
  'a key is redacted in the path %s',
  (path) => {
    expect(redactSecrets(path)).toContain('/redacted');
  },
);

test.each([
  jwt({ sub: 'bob' }),
  OPENAI,
  LOWER,
  `tools.${OPENAI}`,
  `${OPENAI}.call`,
  `ghp_${'a1'.repeat(18)}`,
  MD5,
  `user_${MD5}`,
  MD5 + MD5,
  UUID,
  `get/${UUID}`,
  '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  'kX3vQ9bT2mN7pL5wZ8rY',
  'kX3vQ9bT2mN/7pL5wZ8rYaB/3cD4',
  '1234567890123456',
])('%s is no name of an operation', (name) => {
  expect(isSecretOperation(name)).toBe(true);
});

test.each([
  'eth_getBalance',
  'textDocument/semanticTokens/full/delta',
  'tools/call',
  'user.byId',
  'v1.users.list',
  'GetCustomerByIdAndRegion2',
  'DynamoDB_20120810.GetItem',
  'Kinesis_20131202.ListStreams',
  'AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition',
  'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
  'AWSCognitoIdentityProviderService.InitiateAuth',
  'google.pubsub.v1.Publisher/ListTopicSubscriptions',
  'http://tempuri.org/IOrderService2/GetOrdersByCustomer',
  'create-pull-request-with-3-reviewers',
  'sk-render',
  'deadbeef',
])('%s is one', (name) => {
  expect(isSecretOperation(name)).toBe(false);
});
