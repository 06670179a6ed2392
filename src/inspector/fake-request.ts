import type { Attributes } from '@opentelemetry/api';
import type { TrackedRequest } from '../hit/http-request.js';
import { functionOption, oneOf } from '../options/parse-values.js';
import { readHeader } from '../requests/read-headers.js';
import { flag, invalid, isRecord, parseOptions, text, wholeNumber } from './parse-options.js';

const PROPERTIES = {
  method: text,
  path: pathOnly,
  query: anyText,
  route: text,
  host: text,
  protocol: oneOf('http', 'https'),
  statusCode: wholeNumber(100, 599),
  aborted: flag,
  userAgent: anyText,
  address: text,
  header: functionOption<TrackedRequest['header']>(),
  durationMillis: millis,
  startTime: millis,
  attributes(name: string, value: unknown): Attributes {
    if (isRecord(value)) return { ...value } as Attributes;
    throw invalid(name, 'an object of attributes', value);
  },
};

/**
 * Makes a request to call a callback with, such as `ignore` or a function in `dimensions`, in a test of the callback alone. What is
 * missing is as in `GET /` over HTTPS with status 200. `header` finds `host`, `user-agent` and the attributes
 * `http.request.header.NAME`.
 *
 * @throws {@link OptionError}, a `TypeError`, if a property is unknown or invalid. It names the property and the value.
 *
 * @example
 * expect(ignore(fakeRequest({ path: '/internal/jobs' }))).toBe(true);
 */
export function fakeRequest(request: Partial<TrackedRequest> = {}): TrackedRequest {
  const { attributes = {}, ...properties } = parseOptions('fakeRequest()', request, PROPERTIES);
  const known = new Map([
    ['host', properties.host],
    ['user-agent', properties.userAgent],
  ]);
  return {
    method: 'GET',
    path: '/',
    protocol: 'https',
    statusCode: 200,
    aborted: false,
    header: (name) => {
      const key = name.toLowerCase();
      return readHeader(undefined, attributes, key) ?? known.get(key);
    },
    durationMillis: 10,
    startTime: 1_800_000_000_000,
    ...(properties as Partial<TrackedRequest>),
    attributes,
  };
}

function anyText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalid(name, 'text', value);
}

function pathOnly(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[^?]+$/.test(value)) return value;
  throw invalid(name, 'a path without a query', value);
}

function millis(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
  throw invalid(name, 'a number of milliseconds', value);
}
