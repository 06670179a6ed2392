import { expect, test } from 'vitest';
import { hit, sendBulk, start, store } from './inspector-client.js';

const URL_A = 'https://a.test/a';

test.each<[string, string, string | undefined]>([
  ['a route', 'GET /users/:id', 'GET /users/:id'],
  ['not split at /', '/users/1/orders/2', '/users/1/orders/2'],
  ['trimmed', '  x\t', 'x'],
  ['escaped for HTML', '<b> & "q"', '&lt;b&gt; &amp; &quot;q&quot;'],
  ['not escaped twice', 'a &amp; b &lt; c', 'a &amp; b &lt; c'],
  ['NUL and line breaks removed', 'a\0b\r\nc', 'abc'],
  ['other control characters kept', 'a\tb\x01c\x7fd', 'a\tb\x01c\x7fd'],
  ['emoji', '日本 😀', '日本 😀'],
  ['0 is none', '0', undefined],
  ['blank is none', '   ', undefined],
])('title: %s', async (_, sent, title) => {
  expect(await store({ url: URL_A, action_name: sent })).toEqual({
    type: 'page',
    url: URL_A,
    ...(title === undefined ? {} : { title }),
  });
});

test('bytes that are not UTF-8 are read as Latin-1', async () => {
  const inspector = await start();
  await sendBulk(inspector, ['?idsite=1&rec=1&action_name=bad%FF%FEx']);
  expect(inspector.hits()[0]?.stored?.title).toBe('badÿþx');
});

test.each<[string, string, string | undefined]>([
  ['the fragment is removed', 'https://a.test/x#f', 'https://a.test/x'],
  ['the host is lowercased, the path kept', 'HTTPS://A.Test/Path', 'https://a.test/Path'],
  ['the port is kept', 'http://a.test:80/x', 'http://a.test:80/x'],
  ['port 0 is removed', 'http://a.test:0/x', 'http://a.test/x'],
  ['a port that is none drops the url', 'http://a.test:abc/x', undefined],
  ['// and .. are kept', 'https://a.test//a//../b', 'https://a.test//a//../b'],
  ['line breaks are removed', 'https://a.test/a\nb', 'https://a.test/ab'],
  ['other control characters become _', 'https://a.test/a\x01b', 'https://a.test/a_b'],
  ['user and password are stored', 'http://user:secret@a.test/x', 'http://user:secret@a.test/x'],
  ['one slash', 'http:/a.test/x', 'http:///a.test/x'],
  ['other schemes', 'grpc://a.test/Svc/Method', 'grpc://a.test/Svc/Method'],
  ['IPv6', 'http://[::1]:3000/x', 'http://[::1]:3000/x'],
  ['javascript:', 'javascript:alert(1)', undefined],
  ['mailto:', 'mailto:a@a.test', undefined],
  ['data:', 'data:text/plain,x', undefined],
  ['no scheme', 'a.test/x', undefined],
  ['// before the host', '//a.test/x', undefined],
  ['a path', '/x', undefined],
  ['no url at all', 'not a url', undefined],
  [';a=1;b=2 becomes the query', 'https://a.test/x;a=1;b=2', 'https://a.test/x?a=1&b=2'],
  ['the last of a repeated name', 'https://a.test/x?a=1&a=2', 'https://a.test/x?a=2'],
  ['names that are empty or 0', 'https://a.test/x?=v&0=1&a=0', 'https://a.test/x?a=0'],
  [
    'escaped in the query, not in the path',
    'https://a.test/<b>?a=<b>',
    'https://a.test/<b>?a=&lt;b&gt;',
  ],
  ['percent-encoding is kept', 'https://a.test/%C3%A9?a=%20', 'https://a.test/%C3%A9?a=%20'],
  [
    'session and click ids are removed',
    'https://a.test/x?sid=1&PHPSESSID=2&gclid=3&fbclid=4&a=1',
    'https://a.test/x?a=1',
  ],
  [
    'campaigns are removed',
    'https://a.test/x?utm_campaign=c&utm_source=s&mtm_campaign=m',
    'https://a.test/x',
  ],
  ['jsessionid in the path', 'https://a.test/x;jsessionid=1?a=1', 'https://a.test/x?a=1'],
  [
    'token, api_key, password are kept',
    'https://a.test/x?token=1&api_key=2&password=3',
    'https://a.test/x?token=1&api_key=2&password=3',
  ],
])('url: %s', async (_, sent, url) => {
  expect(await store({ url: sent, action_name: 't' })).toEqual({
    type: 'page',
    title: 't',
    ...(url === undefined ? {} : { url }),
  });
});

test('http, https and www. are one row, with the scheme of the first', async () => {
  const inspector = await start();
  const urls = ['https://www.a.test/s', 'http://a.test/s', 'https://a.test/s'];
  await sendBulk(inspector, [hit({ url: urls[0] ?? '', ca: '1' })]);
  await sendBulk(
    inspector,
    urls.map((url) => hit({ url })),
  );
  expect(
    inspector
      .hits()
      .slice(1)
      .map(({ stored }) => stored?.url),
  ).toEqual([urls[0], urls[0], urls[0]]);
});
