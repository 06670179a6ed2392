import { expect, test } from 'vitest';
import { createToTrackedQuery } from '../../../src/hit/page/page-url.js';
import { createRedactPath } from '../../../src/hit/page/redaction.js';
import { annotations, hitsOf, httpRequest } from '../../support/builders.js';
import { startMatomo } from '../../support/matomo.js';
import { words } from '../../support/words.js';

const SECRET = 's3cret';
const redact = createToTrackedQuery({ query: 'redact', siteSearch: false });

test.each([
  ['a=1&amp;q=foo', 'a=1'],
  ['a=1&amp;Q=foo&b=2', 'a=1&b=2'],
  ['a=1&amp;amp;q=foo', 'a=1'],
  ['a=1&amp;q%5B%5d=foo', 'a=1'],
  ['a=1;q=foo', 'a=1'],
  ['a=1;q==foo', 'a=1'],
  ['q=foo;bar&a=1', 'a=1'],
  ['a=1&lt;q=foo', 'a=1&lt%3Bq=foo'],
  ['a=b;c;d&e', 'a=b;c;d&e'],
])('of the query %s %s stays, because Matomo resolves entities', (query, kept) => {
  expect(redact(query)).toBe(kept);
  expect(createToTrackedQuery({ query: 'keep', siteSearch: false })(query)).toBe(kept);
});

const EVERY_NAME = 'q=f&query=f&s=f&search=f&searchword=f&k=f&keyword=f&Keywords=f&%71=f&q[0]=f';

test.each([
  EVERY_NAME,
  'a=1&amp;q=foo',
  'a=1&amp;amp;search=foo',
  'a&amp;k%5b]=foo',
  'a=1&#38;q=foo',
])('a request for /x?%s stays a page view in Matomo', async (query) => {
  expect(await typesOf('/x', query)).toEqual(['page']);
});

test.each([
  '/a;b&q=foo',
  '/a;b/c&amp;q=foo',
  '/a;x=1&amp;Keyword=foo',
  '/a;q=foo;b=1',
  '/a&lt;q=f',
])('a request for %s stays a page view in Matomo', async (path) => {
  expect(await typesOf(path, undefined)).toEqual(['page']);
});

test.each([
  ['a=1;token=s3cret;b=2', 'a=1;token=redacted;b=2'],
  ['token=s3;cret&b=2', 'token=redacted&b=2'],
  ['token=s3;cret==;b=2', 'token=redacted;b=2'],
  ['a=1&amp;token=s3cret', 'a=1&token=redacted'],
  ['csrfmiddlewaretoken=s3cret', 'csrfmiddlewaretoken=redacted'],
  ['newpassword=s3cret', 'newpassword=redacted'],
  ['NEWPASSWD=s3cret', 'NEWPASSWD=redacted'],
  ['oldPassWord=s3cret', 'oldPassWord=redacted'],
  ['myapikey=s3cret', 'myapikey=redacted'],
  ['authkey=s3cret', 'authkey=redacted'],
  ['authcode=s3cret', 'authcode=redacted'],
  ['phonenumber=s3cret', 'phonenumber=redacted'],
  ['awscredentials=s3cret', 'awscredentials=redacted'],
  ['appsecret=s3cret', 'appsecret=redacted'],
  ['userpwd=s3cret', 'userpwd=redacted'],
  ['newpassphrase=s3cret', 'newpassphrase=redacted'],
  ['usersessionid=s3cret', 'usersessionid=redacted'],
  ['pos_sessionid=s3cret', 'pos_sessionid=redacted'],
  ['mysessionkey=s3cret', 'mysessionkey=redacted'],
  ['slang_code=s3cret', 'slang_code=redacted'],
  ['error_code_token=s3cret', 'error_code_token=redacted'],
  ['country_code.code=s3cret', 'country_code.code=redacted'],
  ['postal_code=10115&zipCode=10115', 'postal_code=redacted&zipCode=redacted'],
  ['to%6ben%=s3cret', 'to%6ben%=redacted'],
  ['return=%2Fx%3Ftoken%3Ds3cret', 'return=redacted'],
  ['return=/x?token=s3cret', 'return=redacted'],
  ['return=%2Fx%3Fnext%3D%252Fy%253Ftoken%253Ds3cret', 'return=redacted'],
  ['return=%2Fx%3Bjsessionid%3Ds3cret', 'return=redacted'],
  ['state=%7B%22token%22%3A%20%22s3cret%22%7D', 'state=redacted'],
  ['return=https%3A%2F%2Fada%3As3cret%40h%2F', 'return=redacted'],
  ['%3Ftoken%3Ds3cret', 'redacted'],
  ['x%3Ftoken%3Ds3cret=1', 'redacted'],
  ['to=ada%40example.org%', 'to=redacted'],
  ['to=ada%EF%BC%A0example.org', 'to=redacted'],
  ['to=ada%EF%BC%A0example%EF%BC%8Eorg', 'to=redacted'],
  ['x=token%EF%BC%9As3cret', 'x=redacted'],
  [
    '%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E=s3cret',
    '%EF%BD%94%EF%BD%8F%EF%BD%8B%EF%BD%85%EF%BD%8E=redacted',
  ],
  ['next=%2Fcall%2F%2B4915112345678', 'next=redacted'],
  ['next=%2Fcall%2F%252B4915112345678', 'next=redacted'],
  ['next=/call/+4915112345678?a=b', 'next=redacted'],
  ['next=https://h.example/call/%2B49+151+12345678', 'next=redacted'],
  ['x=Bearer%20abcdef', 'x=redacted'],
  ['x=bearer+abcdef', 'x=redacted'],
  ['x=Basic%20dXNlcjpwYXNz', 'x=redacted'],
  ['x=basic%2520dXNlcjpwYXNz', 'x=redacted'],
  ['x=ApiKey+s3cret', 'x=redacted'],
  ['x=apikey+s3cret', 'x=redacted'],
  ['Bearer%20s3cret', 'redacted'],
  ['x=token%20s3cret', 'x=redacted'],
  ['x=token%3As3cret', 'x=redacted'],
  ['x=a,token:s3cret', 'x=redacted'],
  ["$filter=Phone%20eq%20'017612345678'", '$filter=redacted'],
  ["$filter=city%20eq%20'Berlin'", "$filter=city%20eq%20'Berlin'"],
  ['xml=%3Clogin%3E%3Cpassword%3Es3cret%3C/password%3E%3C/login%3E', 'xml=redacted'],
  ['xml=%3Ca%3E1%3C/a%3E', 'xml=%3Ca%3E1%3C/a%3E'],
  ['x=token%253As3cret', 'x=redacted'],
  ['%2574oken=s3cret', '%2574oken=redacted'],
  ['x=password%20%3A%20secret', 'x=redacted'],
  ['token:s3cret', 'redacted'],
  ['return=%2F%2Fada%3As3cret%40h%2F', 'return=redacted'],
  ['return=https%3A%5C%5Cada%3As3cret%40h', 'return=redacted'],
  ['return=https://ada:s3%2Fcret@h', 'return=redacted'],
  ['return=https%3A%2F%2Fada%3As3%252Fcret%40h', 'return=redacted'],
  ['return=https://ada:s3%20cret@h', 'return=redacted'],
  ['return=https:/ada:s3cret@h', 'return=redacted'],
  ['creditcard=4111', 'creditcard=redacted'],
  ['credit_card=4111', 'credit_card=redacted'],
  ['userCardNumber=4111', 'userCardNumber=redacted'],
  ['cvv2=123', 'cvv2=redacted'],
  ['magic=s3cret', 'magic=redacted'],
  ['invite=s3cret', 'invite=redacted'],
  ['sso=s3cret', 'sso=redacted'],
  ['passwort=s3cret', 'passwort=redacted'],
  ['neuesPasswort=s3cret', 'neuesPasswort=redacted'],
  ['schl%C3%BCssel=s3cret', 'schl%C3%BCssel=redacted'],
  ['contrase%C3%B1a=s3cret', 'contrase%C3%B1a=redacted'],
  ['has%C5%82o=s3cret', 'has%C5%82o=redacted'],
  ['mot_de_passe=s3cret', 'mot_de_passe=redacted'],
  [`x=${'%25'.repeat(1)}${'25'.repeat(9)}3Ds3cret`, 'x=redacted'],
])('the query %s is sent as %s', (query, sent) => {
  expect(redact(query)).toBe(sent);
});

test.each(
  words(`
  monkey=1 spin=1 compass=1 return=%2Fx%3Fpage%3D2 filter=a%3Db x=100% x=a+b tokenizer=1;x=2
  x=basic+training x=a+token+of+thanks x=12%3A30
  return=https%3A%2F%2Fauth.example.org%3A8443%2Fcb credit=1&card=2 invites_me=1
  country_code=DE countryCode=DE CountryCode=DE currency-code=EUR error_code=42 statusCode=404
  assess_id=7 assessId=7 possessionId=7
`),
)('the query %s stays', (query) => {
  expect(redact(query)).toBe(query);
});

test.each([
  ['/a;jsessionid=s3cret/b', '/a;jsessionid=redacted/b'],
  ['/a;x=1;token=s3cret', '/a;x=1;token=redacted'],
  ['/a;token=s3;cret/b;x=1', '/a;token=redacted/b;x=1'],
  ['/a;x=1&amp;token=s3cret', '/a;x=1&token=redacted'],
  ['/a;to=ada%40example.org', '/a;to=redacted'],
  ['/a;return=/x%3Ftoken=s3cret', '/a;return=/x%3Ftoken=redacted'],
  ['/a;v=1/b', '/a;v=1/b'],
  ['/R&D/token', '/R&D/token'],
  ['/token=s3cret/', '/token=redacted/'],
  ['/token=s3cret/a;b=1', '/token=redacted/a;b=1'],
  ['/a&token=s3cret/b', '/a&token=redacted/b'],
  ['/access_token%3Ds3cret', '/redacted'],
  ['/access_token%253Ds3cret', '/redacted'],
  ['/a;%2574oken=s3cret', '/a;%2574oken=redacted'],
  ['/%252574oken=s3cret', '/%252574oken=redacted'],
  ['/token:s3cret/a', '/redacted/a'],
  ['/Bearer%20s3cret/a', '/redacted/a'],
  ['/to=ada@example.org', '/to=redacted'],
  ['/ada＠example.org', '/redacted'], // as spans may have it
  ['/keys:rotate', '/keys:rotate'],
  ['/a=1/b:2/c%20d', '/a=1/b:2/c%20d'],
])('the path %s is sent as %s', (path, sent) => {
  expect(createRedactPath([])(path)).toBe(sent);
  const [hit] = hitsOf(httpRequest({ path, route: undefined })).hits;
  expect(hit?.url).toBe(`https://shop.example.org${sent}`);
  expect(hit?.action_name).toBe(`GET ${decodeURIComponent(sent)}`);
});

test('no hit of a request has a secret of its URLs, wherever it stands', () => {
  const query = `access_token=${SECRET}&x=Bearer%20${SECRET}&mtm_campaign=token:${SECRET}&creditcard=${SECRET}`;
  const request = httpRequest({
    path: `/token=${SECRET}/a`,
    route: undefined,
    query,
    referrer: `//user:${SECRET}@ref.example/token=${SECRET}/?${query}`,
    statusCode: 500,
    annotations: [annotations({ errorType: 'TypeError' })],
  });
  const attributes = ['url.full', 'url.path', 'url.query', 'http.target', 'matomo.failed_endpoint'];
  const dimensions = Object.fromEntries(
    [...attributes, 'http.request.header.referer'].map((name, i) => [i + 1, name]),
  );
  const chatbotResponse = { contentType: 'text/html', bodyBytes: 1 };
  const routeDetails = { '/a': { _rcn: 'x' } };
  for (const actionName of ['{method} {route}', '{path}']) {
    const hits = [
      ...hitsOf(request, { dimensions, actionName, routeDetails }).hits,
      ...hitsOf({ ...request, annotations: [] }, { actionName }).hits,
      ...hitsOf({ ...request, chatbotResponse }).hits,
      ...hitsOf({ ...request, chatbotResponse }, { pageViews: false }).hits,
      ...hitsOf({ ...request, path: `/token=${SECRET}/a.pdf`, chatbotResponse }).hits,
    ];
    expect(hits).toHaveLength(5);
    expect(hits[0]).toMatchObject({
      action_name: expect.stringContaining('/token=redacted/a'),
      dimension6: expect.stringMatching(/^\/\/ref\.example\/token=redacted\/\?/),
    });
    expect(JSON.stringify(hits)).not.toContain(SECRET);
  }
});

test('a referrer that the application sets has no user info', () => {
  const parameters = {
    urlref: `//u:${SECRET}@a.example/?x=b@c`,
    _ref: `https://u:${SECRET}@a.example`,
  };
  const request = httpRequest({ annotations: [annotations({ parameters })] });
  expect(hitsOf(request).hits[0]).toMatchObject({
    urlref: '//a.example/?x=b@c',
    _ref: 'https://a.example',
  });
});

test('with query: keep the matrix parameters of a path stay, with strip and a list their secrets do not', () => {
  const path = '/a;token=s3cret';
  const urlWith = (query: 'keep' | 'strip' | string[]) =>
    hitsOf(httpRequest({ path }), { query }).hits[0]?.url;
  expect(urlWith('keep')).toBe('https://shop.example.org/a;token=s3cret');
  expect(urlWith('strip')).toBe('https://shop.example.org/a;token=redacted');
  expect(urlWith(['token'])).toBe('https://shop.example.org/a;token=redacted');
});

test('patterns see the first 2,048 characters of a path, and nothing else of it is sent', () => {
  const pattern = /secret-[a-z]+/g;
  const path = `/${'secret-abc/'.repeat(300)}`;
  const redacted = createRedactPath([pattern])(path);
  expect(redacted).toBe(`/${'redacted/'.repeat(186)}`);
  expect(createRedactPath([/x*/, /x*/, /x*/])(path).length).toBeLessThan(2048 * 9 + 10);
  expect(createRedactPath([/\d{16}/])(`/${'a'.repeat(2040)}1234567890123456`)).toBe('/');
});

test('of a path with pairs, no segments after the first 1,024 characters are read', () => {
  expect(createRedactPath([])('/a=1'.repeat(1000))).toBe(`${'/a=1'.repeat(256)}/`);
});

test('a list keeps values that have a semicolon, and no other pair behind one', () => {
  const list = createToTrackedQuery({ query: ['a'], siteSearch: false });
  expect(list('a=1;2;3&b=4')).toBe('a=1;2;3');
  expect(list('a=1;b=2;3;a=4')).toBe('a=1;a=4');
});

async function typesOf(path: string, query: string | undefined) {
  const inspector = await startMatomo();
  const { hits } = hitsOf(httpRequest({ path, query, startMillis: Date.now() }), {}, Date.now());
  const requests = hits.map((hit) => `?${new URLSearchParams(hit)}`);
  await fetch(`${inspector.url}/matomo.php`, {
    method: 'POST',
    body: JSON.stringify({ requests }),
  });
  return inspector.hits().map(({ stored }) => stored?.type);
}
