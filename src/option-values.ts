import type { HttpDispatcher } from './delivery/dispatcher.js';
import { show } from './diagnostics.js';
import type { TrackedRequest } from './hit/http-request.js';

// Each of these takes what code or the environment gave and returns the value as it is used, or throws.

type SiteId = number | ((request: TrackedRequest) => number | string | undefined);

const ENDPOINT = /\/(?:matomo|piwik)\.php$/;

export function matomoUrl(name: string, value: unknown): URL {
  const url = httpUrl(name, value);
  if (url.search !== '' || url.hash !== '') {
    throw new TypeError(`${name} must have no query and no fragment, got ${shownUrl(url)}`);
  }
  if (!ENDPOINT.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/+$/, '')}/matomo.php`;
  return url;
}

export function trackedBaseUrl(name: string, value: unknown): string {
  const url = httpUrl(name, value);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function httpUrl(name: string, value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    const got = url ? shownUrl(url) : shownText(value);
    throw new TypeError(`${name} must be a URL that begins with http:// or https://, got ${got}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`${name} must hold no user name or password, got ${shownUrl(url)}`);
  }
  return url;
}

/** A URL in a message: without credentials and without what a query may hold. */
function shownUrl(url: URL): string {
  return show(`${url.protocol}//${url.username === '' ? '' : '…@'}${url.host}${url.pathname}`);
}

function shownText(value: unknown): string {
  return show(
    typeof value === 'string' ? value.replace(/\/\/[^/@]*@/, '//…@').replace(/\?.*/, '?…') : value,
  );
}

export function siteId(name: string, value: unknown): SiteId {
  if (typeof value === 'function') return value as SiteId;
  const id = toSiteId(value);
  if (id !== undefined) return id;
  throw new TypeError(`${name} must be a positive whole number or a function, got ${show(value)}`);
}

/** A site id as Matomo has it, from a number or its digits. */
export function toSiteId(value: unknown): number | undefined {
  const digits = typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value);
  const id = digits ? Number(value) : value;
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 2 ** 32 ? id : undefined;
}

/** The value is not shown: it may be a secret with a space too many. */
export function secret(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value.trim())) return value.trim();
  const got = typeof value === 'string' ? 'one that is not' : `a ${typeof value}`;
  throw new TypeError(`${name} must be text without spaces or control characters, got ${got}`);
}

export function boolean(name: string, value: unknown): boolean {
  switch (value) {
    case true:
    case 'true':
    case '1':
      return true;
    case false:
    case 'false':
    case '0':
      return false;
    default:
      throw new TypeError(`${name} must be true or false, got ${show(value)}`);
  }
}

export function integer(min: number, max: number): (name: string, value: unknown) => number {
  return function toInteger(name, value) {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (Number.isInteger(number) && (number as number) >= min && (number as number) <= max) {
      return number as number;
    }
    throw new TypeError(`${name} must be a whole number from ${min} to ${max}, got ${show(value)}`);
  };
}

export function optionalFunction<F>(name: string, value: unknown): F {
  if (typeof value === 'function') return value as F;
  throw new TypeError(`${name} must be a function, got ${show(value)}`);
}

export function dispatcher(name: string, value: unknown): HttpDispatcher {
  const { dispatch } = (value ?? {}) as Partial<HttpDispatcher>;
  if (typeof dispatch === 'function') return value as HttpDispatcher;
  throw new TypeError(`${name} must be an undici Dispatcher, got ${show(value)}`);
}
