import { show } from '../diagnostics.js';
import { wrongOption } from './wrong-option.js';

const ENDPOINT = /\/(?:matomo|piwik)\.php$/;

/** The tracker's address: `matomo.php` is added where neither it nor `piwik.php` is given. */
export function matomoUrl(name: string, value: unknown): URL {
  const url = httpUrl(name, value);
  if (url.search !== '' || url.hash !== '') {
    throw wrongOption(`${name} must have no query and no fragment, got ${shownUrl(url)}`);
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  if (!ENDPOINT.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, '')}/matomo.php`;
  return url;
}

/** Without trailing slash. */
export function trackedBaseUrl(name: string, value: unknown): string {
  const url = httpUrl(name, value);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** A folder, or a Redis by its URL. */
export function spoolPlace(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : '';
  const isRedis = /^rediss?:\/\/[^/]/i.test(text) && URL.canParse(text);
  const isPath = text !== '' && !/\0|^[a-z][a-z\d+.-]*:\/\//i.test(text);
  if (isRedis) return text;
  if (isPath) return value as string;
  throw wrongOption(
    `${name} must be the path of a folder or a URL that begins with redis:// or rediss://, got ${shownText(value)}`,
  );
}

function httpUrl(name: string, value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    const got = url ? shownUrl(url) : shownText(value);
    throw wrongOption(`${name} must be a URL that begins with http:// or https://, got ${got}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw wrongOption(`${name} must hold no user name or password, got ${shownUrl(url)}`);
  }
  return url;
}

/** A URL in a message: without credentials and without what a query may hold. */
function shownUrl(url: URL): string {
  return show(`${url.protocol}//${url.username === '' ? '' : '…@'}${url.host}${url.pathname}`);
}

function shownText(value: unknown): string {
  if (typeof value !== 'string') return show(value);
  return show(value.replace(/\/\/.*@/, '//…@').replace(/\?.*/, '?…'));
}
