import { isDocument } from '../../../src/hit/bots/documents.js';
import { decodeTitle, isPageData, toTitlePath } from '../../../src/hit/page/page-path.js';
import { createToTrackedQuery, removeSearchFromPath } from '../../../src/hit/page/page-url.js';
import { createRedactPath } from '../../../src/hit/page/redaction.js';
import { isCatchAllRoute, plainRoute } from '../../../src/hit/page/routes.js';
import { createSentUrls } from '../../../src/hit/page/sent-urls.js';
import { createToPlace } from '../../../src/hit/page/title.js';
import { isGraphqlRequest } from '../../../src/hit/page-view.js';
import { decodeLatin1 } from '../../../src/hit/text.js';
import { toClientHints } from '../../../src/hit/visitor/client.js';
import { createToOrigin } from '../../../src/hit/visitor/forwarded-origin.js';
import { visitorOfCookie } from '../../../src/hit/visitor/visitor-id.js';
import { splitTarget, targetOf } from '../../../src/request/finished-span.js';
import { readOperation } from '../../../src/request/operations/index.js';
import { routeOf } from '../../../src/request/routes/index.js';
import { Mount, NO_MOUNT } from '../../../src/request/routes/mount-path.js';
import { fittingRoute } from '../../../src/request/routes/reported-route.js';
import { hasConsent } from '../../../src/tracker/privacy.js';
import { httpRequest, openRequest, reasonToIgnore } from '../../support/builders.js';
import { CHATGPT } from '../../support/chatbots.js';
import { filled, type Inputs, type LinearRow, texts } from '../../support/linear-input.js';

const ANSWERED = { statusCode: 200 };
const CALL = { ...ANSWERED, method: 'GET', path: '/', query: undefined, route: undefined };
const POSTED = { ...CALL, method: 'POST' };
const CALLED = { method: 'GET', route: undefined, statusCode: 200 };
const NO_SOURCES = openRequest();
/** As Express 4 compiles `/*`. */
const MOUNT = new Mount({ regexp: /^\/(.*)\/?(?=\/|$)/i, keys: [{ name: 0 }] });
const sourceOf = (body: object) => openRequest({ incoming: { body } });
const MCP = { ...POSTED, path: '/mcp' };
const mcpCall = (text: string) => ({
  jsonrpc: '2.0',
  method: 'tools/call',
  params: { name: text, _meta: { 'io.modelcontextprotocol/clientInfo': { name: text } } },
});
const mcpHeaders = (text: string) => ({
  'http.request.header.mcp-method': text,
  'http.request.header.mcp-name': text,
  'http.request.header.mcp-session-id': text,
  'http.request.header.mcp-protocol-version': text,
});
const toOperation = (name: string) => ({
  kind: 'trpc' as const,
  name,
  count: 2,
  hasFailed: false,
  isEvident: true,
});
const toPlace = createToPlace('template');
const redact = createToTrackedQuery({ query: 'redact', siteSearch: false });
const list = createToTrackedQuery({ query: ['q'], siteSearch: false });
const redactPath = createRedactPath([]);
const urls = createSentUrls({
  query: 'redact',
  siteSearch: false,
  referrers: 'full',
  urlPaths: 'template',
  redactPathPatterns: [],
});
const toOrigin = createToOrigin({ trustProxy: true, assumeHttps: true });
const toLocalOrigin = createToOrigin({ trustProxy: ['loopback'], assumeHttps: true });

/** Units by what they are. */
const textsOf = (units: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(units.map((unit) => [JSON.stringify(unit), unit]));

/** Texts that are hard for what reads URLs. */
const URL_TEXTS = textsOf([...'&;=%@/"a#é', 'a:', '//a']);

/** Numbered names, of which none comes again: nothing that remembers names helps. */
const numbered = (separator: string) => (size: number) =>
  Array.from({ length: size / 8 }, (_, i) => `n${(1e5 + i).toString(36)}=1`).join(separator);

const QUERY_TEXTS: Inputs = {
  ...URL_TEXTS,
  ...textsOf(['&amp;', '&a', ';a=1', 'a=', 'aA', 'q=1;', '%41', '%25']),
  ...textsOf(['%e9', '+', '@a.', '.eyJ', '" ']),
  ...textsOf(['token=1&', 'token ', 'a=%3Dtoken&', ' ', '\ud800']),
  'many names': numbered('&'),
  'many names behind semicolons': numbered(';'),
  'many names in a value': (size: number) => `a=${numbered('%26')(size)}`,
  'layers of encoding': ['25', '%'],
};

/** What reads headers and targets. */
export const HEADER_ROWS: readonly LinearRow[] = [
  {
    what: 'toClientHints',
    reason:
      'a sticky expression reads on where the last match ended, and ends at what does not match',
    cases: texts((text) => [toClientHints(text), toClientHints(`"a";v="1"\n?1\n"${text}`)], {
      quotes: '"',
      'quotes behind a brand': ['"', '"a";v="1",'],
      brands: '"a";v="1",',
      'half brands': '"a";',
      backslashes: ['\\', '"'],
      'escaped quotes': ['\\"', '"'],
      spaces: [' ', '"a"'],
      commas: ',',
    }),
  },
  {
    what: 'createToTrackedQuery, redact',
    reason:
      'classes that exclude what ends them; a value of more than 1,024 characters is not looked at',
    cases: texts(redact, QUERY_TEXTS),
  },
  { what: 'createToTrackedQuery, a list', reason: 'as above', cases: texts(list, URL_TEXTS) },
  {
    what: 'createRedactPath and removeSearchFromPath',
    reason: 'split at separators, each part once',
    cases: texts((text) => removeSearchFromPath(redactPath(`/;${text}`)), QUERY_TEXTS),
  },
  {
    what: 'createRedactPath, of one segment and of segments behind a secret word',
    reason: 'anchored, or each class excludes what ends it; 1,024 characters are kept',
    cases: texts(
      (text) => [redactPath(`/${text}`), redactPath(`/token/${text}`), redactPath(`/${text}/7`)],
      {
        ...QUERY_TEXTS,
        ...textsOf(['a1', '-', 'aA1-', 'eyJ', 'eyJa.', '@1.2.3', '@a.', '+1', '1 ', '/1', '/a1']),
        ...textsOf(['token-', 'Token', '/v1', '%2F', '%252F1', 'bot1:', '\u0301', '\u00df']),
        telephone: ['(1', '+'],
        'a private calendar': ['a', 'private-', 'g'],
      },
    ),
  },
  {
    what: 'createRedactPath, of versions behind a long secret word',
    reason: 'the word is decoded once, not for each of them',
    sizes: [1, 100],
    cases: texts(redactPath, {
      versions: (count) => `/token-${filled('%2525252541', 600)}${'/v1'.repeat(count)}`,
    }),
  },
  {
    what: 'a URL that the application sets',
    reason: 'as above',
    cases: texts(
      (url) => [urls.ofApplication(url), urls.ofApplication(`https://a.example/${url}`)],
      QUERY_TEXTS,
    ),
  },
  {
    what: 'createRedactPath with a quadratic pattern of a user',
    reason: 'patterns see 2,048 characters',
    cases: texts(createRedactPath([/a*b/]), { "'a'": ['a', '/'] }),
  },
  {
    what: 'ignored by quadratic patterns of a user',
    reason: 'patterns see 2,048 characters',
    cases: texts(
      (text) =>
        reasonToIgnore(httpRequest({ path: text, userAgent: text }), {
          ignorePaths: ['/'],
          ignorePatterns: [/a*b/],
          ignoreUserAgents: [/a*b/],
          allowedMethods: ['GET'],
        }),
      { "'a'": 'a', dots: '.' },
    ),
  },
  {
    what: 'no page',
    reason: 'each expression looks at a character once',
    cases: texts(
      (text) => {
        reasonToIgnore(httpRequest({ path: `/${text}`, route: undefined }));
        reasonToIgnore(httpRequest({ path: '/a.js', route: `/${text}` }));
        reasonToIgnore(httpRequest({ query: `transport=polling&EIO=4&${text}`, route: undefined }));
      },
      textsOf(['.', '.js', '/', '{', '*', '&', '&EIO', 'a']),
    ),
  },
  {
    what: 'isPageData',
    reason: 'one search for each type, one expression for the query and each kind of path',
    cases: texts(
      (text) => {
        isPageData('/a.data', text, text, text);
        isPageData(`/${text}.json`, text, text, text);
      },
      textsOf(['&', '&_routes', 'text/x-', 'a', '/_next/data/a', '/', '/__data', '/page-data']),
    ),
  },
  {
    what: 'hasConsent',
    reason: 'splits once, and looks for the first equals sign of each part',
    cases: texts(
      (text) => hasConsent({ source: 'cookie', name: 'consent', value: 'yes' }, text),
      textsOf([';', '=', 'a=b;', 'consent=yes;', ' ']),
    ),
  },
  {
    what: 'the URL of a request',
    reason: 'single characters are replaced, hosts are at most 259 characters long',
    cases: texts(
      (text) => urls.ofRequest({ scheme: 'https', host: text, query: text }, `/${text}`),
      URL_TEXTS,
    ),
  },
  {
    what: 'a referrer',
    reason: 'anchored, each class excludes what ends it',
    cases: texts((text) => [urls.ofReferrer(text), urls.ofReferrer(`https://${text}`)], URL_TEXTS),
  },
  {
    what: 'createToOrigin',
    reason: 'hops are split once, an address has at most 128 characters',
    cases: texts(
      (text) =>
        [toOrigin, toLocalOrigin].map((read) =>
          read({ peerAddress: '::1', host: text, scheme: text, headers: { header: () => text } }),
        ),
      {
        ...URL_TEXTS,
        commas: ',',
        proxies: '::1,',
        'quoted hops': '"::1",',
        zone: ['%', '::1%', '\na'],
        digits: '1.',
      },
    ),
  },
  {
    what: 'createToOrigin, the peer',
    reason: 'an address has at most 128 characters',
    cases: texts(
      (text) =>
        toOrigin({ peerAddress: text, host: '', scheme: '', headers: { header: () => undefined } }),
      { zone: ['%', '::1%', '\na'], spaces: [' ', 'a', 'a'], digits: '1.', quotes: '"' },
    ),
  },
  {
    what: 'visitorOfCookie',
    reason: 'a match begins at `;` only, and no class goes beyond the next one',
    cases: texts((text) => visitorOfCookie(text, 1), {
      semicolons: ';',
      spaces: [' ', ';'],
      'semicolons and spaces': '; ',
      cookies: '; _pk_id.1.aaaa',
      digits: ['a', '_pk_id.1.'],
    }),
  },
  {
    what: 'content for AI chatbots, and documents',
    reason: 'anchored, or a match begins at one character that no class goes beyond',
    cases: texts(
      (text) => [
        reasonToIgnore(httpRequest({ userAgent: CHATGPT, statusCode: 206 }), {}, { range: text }),
        reasonToIgnore(httpRequest({ userAgent: CHATGPT, path: `/${text}` }), {}, { cookie: text }),
        isDocument(`/${text}`, 404, text),
        isDocument(`/${text}`, 200, text),
      ],
      {
        semicolons: ';',
        'semicolons and spaces': '; ',
        spaces: [' ', ';'],
        cookies: '; matomo_has_js=1 ',
        dots: '.',
        extensions: ['.pdf', '/'],
        zeros: ['0', 'bytes='],
        'spaces in a range': [' ', 'bytes=0'],
      },
    ),
  },
  {
    what: 'the URL of a request by an AI chatbot',
    reason: 'each pair once',
    cases: texts(
      (query) => urls.ofRequest({ scheme: 'https', host: 'shop.example', query }, '/', 'chatbot'),
      QUERY_TEXTS,
    ),
  },
  {
    what: 'splitTarget and targetOf',
    reason: 'anchored; indexOf',
    cases: texts(
      (text) => [
        splitTarget(text),
        splitTarget(`//${text}`),
        targetOf({ 'url.path': `/${text}`, 'url.query': text, 'url.full': text }),
      ],
      URL_TEXTS,
    ),
  },
  {
    what: 'the parser of URLs that compares paths',
    reason: 'the parser of Node.js reads once',
    cases: texts((text) => new URL(`/a${text}`, 'http://host').pathname, {
      ...URL_TEXTS,
      'dots up': 'a/../',
      'encoded dots': '%2e%2E/',
    }),
  },
  {
    what: 'decodeLatin1',
    reason: 'single characters',
    cases: texts(decodeLatin1, {
      'bytes of UTF-8': '\u00c3\u00bc',
      'bytes that are not': '\u00ff',
    }),
  },
  {
    what: 'toTitlePath, decodeTitle, readOperation, and isGraphqlRequest',
    reason: 'a path is cut at 2,048 characters, or split once',
    cases: texts(
      (text) => [
        toTitlePath(`/${text}`),
        decodeTitle(`/${text}`),
        readOperation(NO_SOURCES, { ...CALL, path: `/trpc/${text}` }, true),
        readOperation(NO_SOURCES, { ...CALL, path: `/${text}/trpc/a` }, true),
        readOperation(NO_SOURCES, { ...CALL, query: `query=1&${text}` }, true),
        readOperation(sourceOf({ query: '', operationName: text }), POSTED, true),
        readOperation(sourceOf({ jsonrpc: '2.0', method: text }), POSTED, true),
        readOperation(sourceOf(mcpCall(text)), MCP, true),
        readOperation(openRequest({ attributes: mcpHeaders(text) }), MCP, true),
        readOperation(NO_SOURCES, { ...POSTED, path: `/${text}` }, true),
        toPlace({ ...CALLED, operation: toOperation(text) }, `/${text}`),
        isGraphqlRequest(httpRequest({ path: `/${text}` })),
      ],
      {
        ...URL_TEXTS,
        digits: '7',
        'hex and letters': ['a1', '/', 'z'],
        procedures: 'a,',
        graphql: '/graphql',
      },
    ),
  },
  {
    what: 'isCatchAllRoute',
    reason: 'a route of more than 100 characters is none',
    cases: texts(isCatchAllRoute, {
      ...URL_TEXTS,
      stars: ['*', '/', 'a'],
      wildcards: '/:path(.*)',
    }),
  },
  {
    what: 'plainRoute',
    reason: 'a route of more than 2,048 characters stays as it is',
    sizes: [512, 2048],
    cases: texts(plainRoute, {
      ...URL_TEXTS,
      ...textsOf([
        ':a(',
        ':a()',
        ':a((',
        ':a(\\',
        '{',
        '{a',
        '{a:',
        '{a:{',
        '}',
        '{*',
        '/*a',
        '**',
        '(',
        '((:a',
        '(/:a',
        '[/{a}',
        '{/:a}',
        '<a',
        '\\:',
        '::',
        ':a([',
        '(a:b)/',
      ]),
    }),
  },
  {
    what: 'fittingRoute',
    reason:
      'a route and a path of more than 2,048 characters are cut, and at most 20 parts of a route are uncertain',
    sizes: [512, 2048],
    cases: texts(
      (text) => [
        fittingRoute(text, `/${text}`, undefined),
        fittingRoute(`/${text}`, `/a/${text}`, {
          attributes: { 'telemetry.sdk.language': 'java' },
        }),
      ],
      {
        ...URL_TEXTS,
        ...textsOf([
          '/a',
          '/:a?',
          '/*',
          '{/:a}',
          '/a{-:b}',
          '/{a=b/}',
          'A|',
          'GET ',
          'a.',
          '/;',
          '%25',
        ]),
      },
    ),
  },
  {
    what: 'routeOf',
    reason:
      'the path is split once, for each template once, and for each parameter of a mount path; a list has at most 2,048 characters',
    cases: texts(
      (text) => [
        ...['/a', ['/a/:id', '/b']].map((path) =>
          routeOf(
            openRequest({ incoming: { route: { path }, baseUrl: `/${text}` } }),
            { 'http.status_code': 500 },
            `/${text}`,
          ),
        ),
        ...[`/a,/${text}`, `/^${text}`].map((route) =>
          routeOf(NO_SOURCES, { 'http.route': route }, `/${text}`),
        ),
        MOUNT.enter(NO_MOUNT, `/${text}`),
      ],
      {
        ...URL_TEXTS,
        lists: ',/a',
        anchors: '/^[',
      },
    ),
  },
];
