import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPart } from '../../../src/hit/hit-text.js';
import { createToPageUrl, createToTrackedQuery } from '../../../src/hit/page/page-url.js';
import { createRedactPath, redactSecrets } from '../../../src/hit/page/redaction.js';
import { jwt } from '../../support/jwt.js';
import { seededRuns } from '../../support/seed.js';
import { words } from '../../support/words.js';

const RUNS = 1500;
const redact = createToTrackedQuery({ query: 'redact', siteSearch: false });

test('no text of entities, separators and names makes a site search of a page view', () => {
  const piece = fc.constantFrom(
    ...['q', 'k', 'a', 'search', '=', '==', '&', ';', '&amp;', 'amp;', '&lt;', '&eacute;'],
    ...['/', '1', '[]'],
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
  const toPageUrl = createToPageUrl({ query: 'keep', siteSearch: false });
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (path, query) => {
      const request = { scheme: 'https', host: 'h.example', query };
      const url = readPart(toPageUrl(request, `/${path}`)) as string;
      expect(keywordsIn(url), url).toEqual([]);
    }),
    seededRuns(RUNS),
  );
});

test('a secret stays a secret in any place, encoding and company', () => {
  const name = fc.constantFrom(
    ...words('token creditcard csrfmiddlewaretoken apiKey PASSWORD jsessionid'),
  );
  const before = fc.constantFrom('', 'a=1&', 'a=1;', 'b&amp;', '&lt;', 'return=%2F&', ';', 'x==;');
  const after = fc.constantFrom('', '&a=1', ';a=1', ';', ';rest-s3cret', '%', '&amp;b');
  const layers = fc.integer({ min: 0, max: 8 });
  const place = fc.constantFrom('', 'return=', 'r[]=/x?', 'a=b;c=');
  fc.assert(
    fc.property(name, before, after, layers, place, (secret, start, end, depth, around) => {
      let pair = `${secret}=s3cret`;
      for (let i = 0; i < depth; i++) pair = encodeURIComponent(i === 0 ? `/x?${pair}` : pair);
      const query = `${start}${around}${pair}${end}`;
      expect(redact(query)).not.toContain('s3cret');
      const path = `/a;${start}${around}${pair}${end}`.replaceAll('?', '%3F');
      expect(createRedactPath([])(path)).not.toContain('s3cret');
    }),
    seededRuns(RUNS),
  );
});

test('any query is a query still: what is redacted once stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (query) => {
      const once = redact(query);
      expect(redact(once)).toBe(once);
    }),
    seededRuns(RUNS),
  );
});

const JWT = jwt({ sub: 'bob' });
const SECRETS = [
  JWT,
  'npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E',
  'sk-proj-x9_Kd2mQ7xT9vB1nL6pR3sW8zD5-hJ0cY2aGt4EuI7oP-T3BlbkFJq1W2e3R4t5Y6u7I8o9P0a',
  'private-9f8e7d6c5b4a39281706f5e4d3c2b1a0',
  'dilbc0-3f9a1c2b4d5e6f708192a3b4c5d6e7f8',
  '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12',
  '123e4567-e89b-12d3-a456-426614174000',
  'ann@example.org',
  '%40',
];

test('a segment is a secret whether or not one of its characters is escaped, so that all rules look at it', () => {
  const segment = fc.oneof(
    fc.constantFrom('', 'token', 'users', 'reset-password', 'v2', 'oauth2', '7', 'a1', 'ann@b.cc'),
    fc.constantFrom(...SECRETS),
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
    seededRuns(RUNS),
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
    seededRuns(RUNS),
  );
});

const KEYWORDS = new Set(['q', 'query', 's', 'search', 'searchword', 'k', 'keyword', 'keywords']);

/**
 * What PHP and Matomo make of a URL: entities are resolved, a `;` in front of `?` makes a query of all that follows and a
 * separator of each `;`.
 */
function keywordsIn(sent: string): string[] {
  let url = sent
    .replace(/&(amp|lt|eacute);/g, (_, name: string) => ({ amp: '&', lt: '<' })[name] ?? 'é')
    .replace(/^https:/, '');
  const semicolon = url.indexOf(';');
  const question = url.indexOf('?');
  if (semicolon >= 0 && (question < 0 || semicolon < question)) {
    url = url.replace('?', ';').replace(';', '?').replaceAll(';', '&');
  }
  const start = url.indexOf('?');
  if (start < 0) return [];
  return url
    .slice(start + 1)
    .split('&')
    .filter((pair) => {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
      return KEYWORDS.has(name.replace(/\[\]$/, '').toLowerCase()) && value !== '' && value !== '0';
    });
}
