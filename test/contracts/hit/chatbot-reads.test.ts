import type { Facts } from '../doors/build.js';
import { additional, chatbot, golden } from './golden.js';

const USER_AGENT = 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot';
const HEADERS = { 'user-agent': USER_AGENT };

const PAGE = 'https://shop.example.org/users/42';
const OPTIONS = { actionName: 'read' };

const factsOf = (more: Facts): Facts => ({
  headers: HEADERS,
  bodyBytes: 1234,
  responseHeaders: { 'content-type': 'text/html' },
  route: '',
  ...more,
});

/** A request of an AI chatbot that counts. A document is a download, anything else a page. */
function read(
  name: string,
  more: Facts,
  {
    isDocument = false,
    ...differences
  }: { isDocument?: boolean; bw_bytes?: string | null; url?: string } = {},
) {
  const url = `https://shop.example.org${more.path ?? '/users/42'}`;
  return {
    name: `${name}: ${isDocument ? 'a document' : 'a page'}`,
    facts: factsOf(more),
    options: OPTIONS,
    chatbot: {
      action_name: 'read',
      ...(isDocument && { url: null, download: url }),
      ...(more.status === 304 && { bw_bytes: null }), // it has no body
      ...differences,
    },
  };
}

const notRead = (name: string, more: Facts) => ({
  name: `${name}: nothing`,
  facts: factsOf(more),
  ignored: 'ai_chatbot',
});

const of = (path: string, status: number, type?: string): Facts => ({
  path,
  status,
  responseHeaders: type === undefined ? {} : { 'content-type': type },
});

const DOCUMENT = { isDocument: true };

// Which responses are content.
golden([
  ...[301, 302, 303, 307, 308].map((status) => notRead(`status ${status}`, { status })),
  ...[300, 304, 400, 401, 404, 410, 429, 499, 500, 503].map((status) =>
    read(`status ${status}`, { status }),
  ),
  ...['/a.css', '/robots.txt', '/sitemap.xml', '/app.js', '/a/b.woff2'].map((path) =>
    notRead(path, { path }),
  ),
  ...['/llms.txt', '/a.md', '/feed.xml'].map((path) => read(path, { path }, {})),
  ...['matomo_has_js=1', 'a=b; matomo_has_js=1', 'matomo_has_js=1; a=b'].map((cookie) =>
    notRead(cookie, { headers: { ...HEADERS, cookie } }),
  ),
  ...['matomo_has_js=10', 'x_matomo_has_js=1', 'matomo_has_js=0'].map((cookie) =>
    read(cookie, { headers: { ...HEADERS, cookie } }),
  ),
  ...['bytes=1024-', 'bytes=10-', 'bytes=-500'].map((range) =>
    notRead(range, { path: '/a.pdf', status: 206, headers: { ...HEADERS, range } }),
  ),
  ...['bytes=0-', 'bytes=0-1023', 'Bytes = 00 - 5, 7-9'].map((range) =>
    read(
      range,
      { ...of('/a.pdf', 206, 'application/pdf'), headers: { ...HEADERS, range } },
      DOCUMENT,
    ),
  ),
]);

const CAMPAIGNS = [
  'utm_source',
  'UTM_ID',
  'mtm_campaign',
  'pk_kwd',
  'piwik_campaign',
  'matomo_kwd',
  'gclid',
  'fbclid',
];

// URLs.
golden([
  ...CAMPAIGNS.map((name) =>
    read(`without ${name}`, { query: `a=1&${name}=x&b=2` }, { url: `${PAGE}?a=1&b=2` }),
  ),
  read('without campaigns', { query: 'a=1;utm_source=x&amp;utm_id=1' }, { url: `${PAGE}?a=1` }),
  read('without a fragment', { query: 'x=1#part' }, { url: `${PAGE}?x=1%23part` }),
]);

// Documents.
golden([
  ...(
    [
      ['/a', 200, 'application/pdf'],
      ['/a', 200, 'Application/PDF'],
      ['/a', 200, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
      ['/a', 200, 'application/vnd.oasis.opendocument.text'],
      ['/a', 200, 'application/zip'],
      ['/a', 200, 'application/epub+zip'],
      ['/a', 200, 'text/csv; charset=utf-8'],
      ['/a', 200, 'audio/mpeg'],
      ['/a', 200, 'video/mp4'],
      ['/a.pdf', 304, undefined],
      ['/a.PDF', 404, 'text/html'],
      ['/a.zip', 500, 'text/plain'],
      ['/a.pdf', 200, 'application/octet-stream'],
      ['/a.pdf', 200, undefined],
    ] as const
  ).map(([path, status, type]) =>
    read(`${path} with ${status} and ${type}`, of(path, status, type), DOCUMENT),
  ),
  ...(
    [
      ['/a.pdf', 200, 'text/html'],
      ['/a.json', 200, 'application/json'],
      ['/a.xml', 200, 'application/xml'],
      ['/a.txt', 200, 'text/plain'],
      ['/a.md', 200, 'text/markdown'],
      ['/a.json', 404, undefined],
      ['/a', 404, 'application/pdf'],
      ['/a', 200, undefined],
      ['/pdf', 200, ''],
    ] as const
  ).map(([path, status, type]) =>
    read(`${path} with ${status} and ${type}`, of(path, status, type)),
  ),
]);

const withEvent = read(
  'an event of a document has the URL of the request',
  { ...of('/guide', 200, 'application/pdf'), query: 'a=1', calls: [['trackEvent', 'a', 'b']] },
  DOCUMENT,
);

golden([{ ...withEvent, hits: [chatbot(withEvent.chatbot), additional({ e_c: 'a', e_a: 'b' })] }]);

const NAMES = [
  'http.response.body.size',
  'http.response_content_length',
  'http.response.header.content_length',
  'http.wrote_bytes',
  'response_size',
];

const sized = (value: number | string | boolean | readonly string[], size: string | null) =>
  read(
    `a size of ${JSON.stringify(value)}`,
    { bodyBytes: undefined, attributes: { 'http.response.body.size': value } },
    { bw_bytes: size },
  );

// Sizes of bodies that spans name.
golden([
  ...NAMES.map((name, i) =>
    read(
      `the size of ${name} wins`,
      {
        bodyBytes: undefined,
        attributes: {
          ...Object.fromEntries(NAMES.slice(i + 1).map((weaker) => [weaker, 9])),
          [name]: 5,
        },
      },
      { bw_bytes: '5' },
    ),
  ),
  sized(0, '0'),
  sized('142', '142'),
  sized(4_294_967_295, '4294967295'),
  sized(['17'], '17'),
  ...['', '-1', -1, 1.5, '1.5', ' 5', 4_294_967_296, '99999999999', true].map((value) =>
    sized(value, null),
  ),
]);
