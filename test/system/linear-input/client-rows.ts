import {
  contentFormatOf,
  createToSentAttribute,
  productOf,
} from '../../../src/hit/parameters/attributes.js';
import { createDimensions, type SentRequest } from '../../../src/hit/parameters/dimensions.js';
import {
  createToPseudonym,
  identify,
  type UserIdSource,
  userIdSourceOf,
} from '../../../src/hit/visitor/pseudonym.js';
import { httpRequest } from '../../support/builders.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { type LinearRow, texts } from '../../support/linear-input.js';

const SOURCES = [
  'http.request.header.x-api-key',
  'http.request.header.authorization',
  'jwt.sub',
].map((userId) => userIdSourceOf(userId) as UserIdSource);
const CLAIM = userIdSourceOf('jwt.sub') as UserIdSource;
const [deprecated] = createDimensions({
  deprecated: [/a*b/],
  dimensions: { 1: 'matomo.deprecated_endpoint' },
});
const toPseudonym = createToPseudonym('a key');
const toSentAttribute = createToSentAttribute({ ...DEFAULT_OPTIONS, anonymizeIp: 2 });

/** A bearer token with these claims, which need not be JSON. */
const tokenOf = (claims: string) => `Bearer e30.${Buffer.from(claims).toString('base64url')}.c2ln`;

/** What reads who calls. */
export const CLIENT_ROWS: readonly LinearRow[] = [
  {
    what: 'identify, of a header, and of what is typed for a pseudonym',
    reason:
      'a value of more than 16,384 characters is not looked at, and each expression is anchored',
    sizes: [4000, 16_000],
    cases: texts(
      (text) =>
        SOURCES.flatMap((source) =>
          [text, `Bearer ${text}`, `Basic${text}`].map((header) => {
            const identity = identify(source, header);
            return identity.kind === 'known' && toPseudonym(identity.value);
          }),
        ),
      {
        letters: 'a',
        spaces: [' ', 'a', 'a'],
        'spaces and commas': [' , ::', '::', 'a'],
        dots: '.',
        'parts of a token': 'e30.',
        addresses: [',0.0.0.0', '0.0.0.0', '1'],
      },
    ),
  },
  {
    what: 'identify, of a claim',
    reason:
      'the parser of Node.js reads twice at most, and the expression between is anchored by quotes',
    sizes: [3000, 12_000],
    cases: texts((text) => [identify(CLAIM, tokenOf(text)), identify(CLAIM, tokenOf(`{${text}`))], {
      letters: 'a',
      lists: '[',
      objects: '{"a":',
      'many claims': ['"a":1,', '', '"sub":1}'],
      'many subjects': ['"sub":"a",', '', '"sub":1}'],
      digits: ['9', '"sub":', '}'],
      'escapes before a number': ['\\\\', '"a":"', '","sub":1}'],
      'many numbers': ['1,', '"a":[', '1],"sub":1}'],
      escapes: ['\\u0061', '"sub":"', '"}'],
      spaces: [' ', '"sub":"', 'a"}'],
    }),
  },
  {
    what: 'createToSentAttribute, of headers',
    reason: '4,096 characters are looked at',
    sizes: [1000, 4000],
    cases: texts(
      (text) =>
        ['x-app-version', 'x-forwarded-for', 'referer', 'link'].map((name) =>
          toSentAttribute(`http.request.header.${name}`, text),
        ),
      {
        letters: 'a',
        addresses: '192.0.2.1,',
        colons: '::1 ',
        'digits and dots': '1.',
        paths: '/',
        queries: ['a=1&', '/?'],
        links: '<https://a/?b=c>,',
        tokens: '.eyJ',
        schemes: 'Basic ',
        spaces: [' ', 'Bearer', 'a'],
      },
    ),
  },
  {
    what: 'createToSentAttribute, of a header beyond its limit',
    reason: 'as above',
    cases: texts((text) => toSentAttribute('http.request.header.x-forwarded-for', text), {
      addresses: '192.0.2.1,',
      spaces: [' ', '', 'a'],
    }),
  },
  {
    what: 'productOf and contentFormatOf',
    reason: '200 characters are looked at, or an expression is anchored at one end',
    cases: texts(
      (text) => [
        productOf(text),
        productOf(`a/${text}`),
        contentFormatOf(text, '/', 200),
        contentFormatOf(`text/${text}`, '/', 200),
        contentFormatOf('text/plain', `/${text}`, 200),
      ],
      {
        letters: 'a',
        spaces: [' ', '', 'a'],
        slashes: '/',
        dots: '.',
        'names of files': ['/llms-full.txt.md', '', '/'],
        semicolons: ';',
        parts: ['a+', '', 'json'],
      },
    ),
  },
  {
    what: 'deprecated with a quadratic pattern of a user',
    reason: 'patterns see 2,048 characters',
    sizes: [2048, 8192],
    cases: texts(
      (text) =>
        deprecated?.read({ request: httpRequest({ route: `/${text}` }) } as SentRequest, '/a'),
      { "'a'": 'a' },
    ),
  },
];
