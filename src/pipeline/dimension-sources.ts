import { memoize } from '../common/generation-cache.js';
import type { AttributeValue } from '../common/otel-types.js';
import { findBotName } from '../hit/bots/bots.js';
import type { TrackedRequest } from '../hit/http-request.js';
import {
  contentFormatOf,
  productOf,
  saysDeprecated,
} from '../hit/parameters/derived-attributes.js';
import { headerAttributeOf } from '../hit/parameters/header-attribute.js';
import {
  createToSentAttribute,
  type SentAttributeOptions,
} from '../hit/parameters/sent-attribute.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { readHeader } from '../requests/read-headers.js';
import type { EndedRecord } from '../requests/request-record.js';
import { readResponseHeader } from '../requests/response-header.js';

/** A request while all of it is there. */
export interface EndedRequest {
  readonly tracked: TrackedRequest;
  readonly ended: EndedRecord;
  readonly span: FinishedSpan;
}

type ReadSource = (request: EndedRequest) => string | number | undefined;

/** Old names of attributes that spans of older instrumentations have instead. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'server.address': 'net.host.name',
  'server.port': 'net.host.port',
  'network.peer.port': 'net.peer.port',
  'network.protocol.version': 'http.flavor',
  'network.transport': 'net.transport',
  'error.type': 'http.error_name',
};

const NO_PRODUCT = { name: undefined, version: undefined };
const toBotName = memoize((userAgent: string) => findBotName(userAgent) ?? '');
const toProduct = memoize((userAgent: string) => productOf(userAgent) ?? NO_PRODUCT);

/** Attributes that are derived from the request, unless the span has them. */
const DERIVED: Readonly<Record<string, ReadSource>> = {
  // People and unknown bots have none.
  'user_agent.bot.name': ({ tracked: { userAgent = '' } }) => toBotName(userAgent) || undefined,
  'user_agent.name': ({ tracked: { userAgent = '' } }) => toProduct(userAgent).name,
  'user_agent.version': ({ tracked: { userAgent = '' } }) => toProduct(userAgent).version,
  'matomo.content_format': ({ tracked, ended, span }) => {
    const type = readResponseHeader(ended, span.attributes, 'content-type');
    return contentFormatOf(type, tracked.path, ended.request.statusCode);
  },
};

/** Makes what reads the source of a dimension: a header, an attribute, or what is derived from the request. */
export function createReadSource(options: SentAttributeOptions): (source: string) => ReadSource {
  const toSentAttribute = createToSentAttribute(options);

  function toSent(name: string, value: string | number | undefined, host: string | undefined) {
    return typeof value === 'string' ? toSentAttribute(name, value, host) : value;
  }

  return function toReadSource(source) {
    const named = headerAttributeOf(source);
    if (named) {
      const { direction, header } = named;
      return ({ ended, span, tracked }) => {
        const { attributes } = span;
        const value =
          direction === 'response'
            ? readResponseHeader(ended, attributes, header)
            : readHeader(ended.captured?.request?.headers, attributes, header);
        return toSent(source, value, tracked.host);
      };
    }
    const derive = Object.hasOwn(DERIVED, source) ? DERIVED[source] : undefined;
    if (derive) return (request) => toText(request.tracked.attributes[source]) ?? derive(request);
    return ({ tracked: { attributes, host } }) =>
      toSent(source, toText(attributes[source] ?? attributes[OLD_NAMES[source] ?? '']), host);
  };
}

/** Whether the response says that its endpoint is deprecated. */
export function isDeprecatedResponse(ended: EndedRecord, { attributes }: FinishedSpan): boolean {
  const header = (name: string) => readResponseHeader(ended, attributes, name);
  return saysDeprecated(header('deprecation'), header('sunset'));
}

export function toText(value: AttributeValue | undefined): string | number | undefined {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'boolean' ? String(value) : (value as string | number | undefined);
}
