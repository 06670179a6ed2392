import { show } from '../common/diagnostics.js';
import { spoolBackendOf } from '../delivery/spool/backends.js';
import { optionError } from './option-error.js';

const ENDPOINT = /\/(?:matomo|piwik)\.php$/;

/** The tracker's URL: adds `matomo.php` if it names neither `matomo.php` nor `piwik.php`. */
export function matomoUrl(name: string, value: unknown): URL {
  const url = httpUrl(name, value);
  if (url.search !== '' || url.hash !== '') {
    throw optionError(`${name} must not have a query or a fragment, got ${showUrl(url.href)}`);
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

/** A folder, or the URL of a Redis. */
export function spoolPlace(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  const parsed = spoolBackendOf(text).parse(text);
  if ('place' in parsed) return parsed.place;
  const rule =
    parsed.rule ?? 'be the path of a folder or a URL that begins with redis:// or rediss://';
  throw optionError(`${name} must ${rule}, got ${showUrl(value)}`);
}

function httpUrl(name: string, value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    const wanted = 'a URL that begins with http:// or https://';
    throw optionError(`${name} must be ${wanted}, got ${showUrl(text)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw optionError(`${name} must not contain a user name or password, got ${showUrl(text)}`);
  }
  return url;
}

/** A URL, or what was meant to be one, for a message: without user info, query and fragment. */
function showUrl(value: unknown): string {
  if (typeof value !== 'string') return show(value);
  // Removes everything up to the last `@`: without a scheme, or with an unencoded password, it cannot be parsed as a URL.
  const text = value.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1…@');
  return show(text.replace(/\?.*/s, '?…').replace(/#.*/s, '#…'));
}
