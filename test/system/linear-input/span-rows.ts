import { annotate } from '../../../src/annotate.js';
import { HitText } from '../../../src/hit/hit-text.js';
import { toCustomVariables } from '../../../src/hit/parameters/annotations.js';
import { overrideAll } from '../../../src/hit/parameters/overrides.js';
import { PARAMETERS } from '../../../src/hit/parameters/parameter-table.js';
import { toParameterValue } from '../../../src/hit/parameters/parameter-values.js';
import { cleanText } from '../../../src/hit/text.js';
import type { FinishedSpan } from '../../../src/request/finished-span.js';
import { assembleRequests } from '../../../src/spans/assemble-requests.js';
import { finishedSpan, hitsOf, httpRequest, READING } from '../../support/builders.js';
import { filled, type Inputs, type LinearRow, texts } from '../../support/linear-input.js';

const REQUEST = { 'http.request.method': 'GET', 'http.response.status_code': 500 };
const ignored = () => undefined;

const VALUES: Inputs = {
  letters: 'a',
  spaces: [' ', 'a', 'é'],
  controls: 'a\0',
  surrogates: '\ud800',
  escaped: '&<"',
  credentials: ['@', 'https://'],
  digits: '1',
  'Latin-1': ['é', 'a'],
};

/** A chain of spans, each below the one before. */
function chain(size: number, toSpan: (i: number) => Partial<FinishedSpan>): FinishedSpan[] {
  const idOf = (i: number) => i.toString(16).padStart(16, '0');
  return Array.from({ length: size }, (_, i) =>
    finishedSpan({ id: idOf(i + 1), ...(i > 0 && { parentSpanId: idOf(i) }), ...toSpan(i) }),
  );
}

function manyAttributes(prefix: string, size: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: size / 16 }, (_, i) => [`${prefix}${1e6 + i}`, 'v']),
  );
}

/** What reads spans and annotations. `currentRequest` runs a function in a request of a real server. */
export function spanRows(currentRequest: <T>(fn: () => T) => T): readonly LinearRow[] {
  return [
    {
      what: 'assembleRequests',
      reason: 'what is known of a parent is not looked up again',
      sizes: [500, 2000],
      cases: {
        'a chain of spans': (size) => {
          const spans = chain(size, (i) =>
            i === 0 ? { attributes: REQUEST } : { kind: 0, attributes: { 'matomo.ignore': false } },
          );
          return () => assembleRequests(spans, READING);
        },
        'a chain of requests': (size) => {
          const spans = chain(size, () => ({ attributes: REQUEST }));
          return () => assembleRequests(spans, READING);
        },
      },
    },
    {
      what: 'annotate and readRequest',
      reason: 'each attribute and each header once',
      cases: {
        ...texts((text) => {
          const name = 'http.request.header.';
          const attributes = {
            ...REQUEST,
            'url.path': `/${text}`,
            'url.query': text,
            'network.peer.address': text,
            'server.address': text,
            'user_agent.original': text,
            'matomo.perf_key': text,
            'error.type': text,
            [`${name}sec-ch-ua`]: [text],
            [`${name}referer`]: [text],
          };
          return assembleRequests([finishedSpan({ attributes })], READING);
        }, VALUES),
        'custom variables': (size) => {
          const attributes = { ...REQUEST, ...manyAttributes('matomo.cvar.', size) };
          const spans = [finishedSpan({ attributes })];
          return () => assembleRequests(spans, READING);
        },
      },
    },
    {
      what: 'annotate',
      reason: 'parameters are added in place',
      sizes: [250, 1000],
      cases: {
        'custom variables': (size) => {
          const calls = Array.from({ length: size }, (_, i) => ({ cvar: { [`n${i}`]: i } }));
          return () => currentRequest(() => calls.forEach(annotate));
        },
      },
    },
    {
      what: 'toParameterValue and cleanText',
      reason: 'anchored or single characters; loops end at the limit of the parameter',
      cases: texts(
        (text) => [
          cleanText(text),
          ...Object.values(PARAMETERS).map((one) => one && toParameterValue(one, text)),
        ],
        VALUES,
      ),
    },
    {
      what: 'overrideAll, with the name that is nearest',
      reason: 'names whose length differs by more than the distance are not compared',
      cases: {
        'a long name': (size) => {
          const given = { [filled('a', size)]: 1 };
          return () =>
            overrideAll(
              new HitText(),
              given,
              { hasToken: false, report: (_key, message) => message() },
              'annotate',
            );
        },
        'many names': (size) => {
          const given = manyAttributes('', size);
          return () =>
            overrideAll(new HitText(), given, { hasToken: false, report: ignored }, 'annotate');
        },
      },
    },
    {
      what: 'toCustomVariables',
      reason: 'ends at the number of slots',
      cases: {
        'many variables': (size) => {
          const variables = new Map(Object.entries(manyAttributes('', size)));
          return () => toCustomVariables(variables, 5, ignored);
        },
      },
    },
    {
      what: 'createHitBuilder, all of a request',
      reason: 'made of the rows above',
      cases: texts(
        (text) =>
          hitsOf(
            httpRequest({
              path: `/${text}`,
              query: text,
              route: text,
              host: text,
              userAgent: text,
              referrer: `https://${text}`,
              acceptLanguage: text,
              clientHints: text,
              spanName: text,
            }),
            { dimensions: { 1: 'url.full', 2: 'http.target', 3: 'user_agent.original' } },
          ),
        VALUES,
      ),
    },
  ];
}
