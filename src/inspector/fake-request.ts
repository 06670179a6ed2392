import type { Attributes } from '@opentelemetry/api';
import { isRecord } from '../common/is-record.js';
import type { TrackedRequest } from '../hit/http-request.js';
import { option, resolveInCode } from '../options/declaration.js';
import { boolean, functionOption, integer, oneOf } from '../options/parse-values.js';
import { parser, text } from '../options/parser.js';
import { headersIn, readHeader } from '../request/read-headers.js';

const anyText = parser('text', (value) => (typeof value === 'string' ? value : undefined));
const pathOnly = parser('a path without a query', (value) =>
  typeof value === 'string' && /^[^?]+$/.test(value) ? value : undefined,
);
const millis = parser('a number of milliseconds', (value) =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY ? value : undefined,
);
const anyAttributes = parser('an object of attributes', (value) =>
  isRecord(value) ? ({ ...value } as Attributes) : undefined,
);

const PROPERTIES = {
  method: option(text, { default: 'GET' }),
  path: option(pathOnly, { default: '/' }),
  query: option(anyText),
  route: option(text),
  host: option(text),
  protocol: option(oneOf('http', 'https'), { default: 'https' }),
  statusCode: option(integer(100, 599), { default: 200 }),
  aborted: option(boolean, { default: false }),
  userAgent: option(anyText),
  address: option(text),
  header: option(functionOption<TrackedRequest['header']>()),
  durationMillis: option(millis, { default: 10 }),
  startTime: option(millis, { default: 1_800_000_000_000 }),
  attributes: option(anyAttributes, { default: {} as Attributes }),
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
  const properties = resolveInCode('fakeRequest()', PROPERTIES, request);
  const { host, userAgent, attributes } = properties;
  const known = new Map([
    ['host', host],
    ['user-agent', userAgent],
  ]);
  const sent = headersIn(attributes);
  function header(name: string): string | undefined {
    const key = name.toLowerCase();
    return readHeader(sent, key) ?? known.get(key);
  }
  return { ...properties, header: properties.header ?? header } as TrackedRequest;
}
