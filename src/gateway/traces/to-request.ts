import type { Attributes } from '../../common/otel-types.js';
import { redactRoute } from '../../hit/page/redact.js';
import { decodeLatin1 } from '../../hit/text.js';
import {
  type FinishedSpan,
  peerAddressOf,
  splitTarget,
  targetOf,
  textOf,
} from '../../request/finished-span.js';
import type { RequestSpans } from '../../spans/assemble-requests.js';
import type { SpanGroup } from '../../spans/group-spans.js';
import type { ReceivedSpan } from './received-span.js';

/**
 * Converts the spans of a request to the form of spans of Node.js. `matomo.*` attributes of spans take precedence over those of the resource.
 * Attributes of the SERVER span that other instrumentations write differently are changed in place, because each request is read once.
 *
 * @param namesBySpan whether a request without a path gets the name of its span as title
 */
export function normalize(group: SpanGroup<ReceivedSpan>, namesBySpan: boolean): RequestSpans {
  const root = group.root.span;
  const { attributes, resource } = root;
  const below = group.below.flatMap(({ span }) => (span.hasFacts ? [span] : []));
  const title = namesBySpan ? namedBy(root) : undefined;
  setAddress(attributes, resource.isPython);
  setHost(attributes, resource.isPython);
  setTarget(attributes, resource.isPython);
  return { root, below: title ? [title, ...below] : below };
}

/** Creates a span with the name of the root as title, for a request without path and title. The span ends first, so that others override it. */
function namedBy(root: ReceivedSpan): FinishedSpan | undefined {
  const { name, attributes, resource } = root;
  const isTitled = resource.attributes['matomo.action_name'] !== undefined;
  if (name === '' || isTitled || targetOf(attributes) !== undefined) return undefined;
  return {
    ...{ name, kind: 0, startTime: [0, 0], duration: [0, 0], status: { code: 0 } },
    attributes: { 'matomo.action_name': redactRoute(name) },
    spanContext: () => root.spanContext(),
  };
}

/** Attributes that contain the Host header, except in Python. */
const HOST_ATTRIBUTES = ['http.host', 'server.address', 'net.host.name'];

/** A name of 253 bytes and a port. */
const MAX_HOST_CHARACTERS = 259;

/** In Python, `client.address` is the peer. In other languages, its value comes from X-Forwarded-For, which clients can forge. */
function setAddress(usual: Attributes, isPython: boolean): void {
  if (!isPython || peerAddressOf(usual) !== undefined) return;
  const peer = textOf(usual['client.address']) ?? textOf(usual['http.client_ip']);
  if (peer !== undefined) usual['network.peer.address'] = peer;
}

/**
 * In Python, the full URL has the host of the Host header, and other attributes may have the host of the listener. In other languages, the
 * URL may have the host of an absolute request target, which is not the site. `server.address` may contain a Host header with a port. In
 * Python, the port attribute is that of the listener, so it is wrong if `server.address` is a name without a port.
 */
function setHost(usual: Attributes, isPython: boolean): void {
  const isUrlNeeded =
    isPython || HOST_ATTRIBUTES.every((name) => textOf(usual[name]) === undefined);
  const url = isUrlNeeded ? (textOf(usual['url.full']) ?? textOf(usual['http.url'])) : undefined;
  const host = url === undefined ? undefined : /^https?:\/\/([^/?#@]+)(?:[/?#]|$)/i.exec(url)?.[1];
  if (host !== undefined) {
    usual['http.host'] = host;
    return;
  }
  setPort(usual, 'server.address', 'server.port', isPython);
  setPort(usual, 'net.host.name', 'net.host.port', isPython);
}

const HOST_AND_PORT = /^([^:]+|\[[^\]]*\]):(\d+)$/;

function setPort(usual: Attributes, address: string, port: string, isPython: boolean): void {
  const host = textOf(usual[address]);
  if (host === undefined || host.length > MAX_HOST_CHARACTERS) return;
  const [, name, ownPort] = (host.includes(':') && HOST_AND_PORT.exec(host)) || [];
  if (name !== undefined && ownPort !== undefined) {
    usual[address] = name;
    usual[port] = Number(ownPort);
  } else if (isPython && isName(host)) {
    delete usual[port];
  }
}

/** Whether a host is a name. The last label of an address has no letters. */
function isName(host: string): boolean {
  const [label = ''] = /[\w-]*$/.exec(host) ?? [];
  return /[a-z]/i.test(label) && host.toLowerCase() !== 'localhost';
}

/** Fixes a target whose query is only in `http.url`, or whose path was decoded, or is UTF-8 that was read as Latin-1. */
function setTarget(usual: Attributes, isPython: boolean): void {
  const target = targetOf(usual);
  if (target === undefined) return;
  const url = textOf(usual['http.url']) ?? textOf(usual['url.full']);
  const query = target.query ?? (url === undefined ? undefined : splitTarget(url).query);
  const path = encodePath(isPython ? decodeLatin1(target.path) : target.path);
  if (path === target.path && query === target.query) return;
  usual['url.path'] = path;
  if (query !== undefined) usual['url.query'] = query;
}

/** Encodes a path as it was in the request, except visible ASCII that the server decoded. */
function encodePath(path: string): string {
  return path.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[^!-~]+/g, encodeURI);
}
