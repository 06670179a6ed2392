import { showWithout } from '../common/diagnostics.js';
import { parsePlace } from '../delivery/spool.js';
import { hideSecrets, optionError, type Parser, parser } from './parser.js';

const HTTP_URL = 'a URL that begins with http:// or https://';
const SPOOL_PLACE =
  'the path of a folder, or a redis:// or rediss:// URL, whose only path is the number of a database';
const ENDPOINT = /\/(?:matomo|piwik)\.php$/;

/** The tracker's URL: adds `matomo.php` if it names neither `matomo.php` nor `piwik.php`. */
export const matomoUrl: Parser<URL, string | URL> = parser(HTTP_URL, (value, name) => {
  const url = httpUrl(name, value);
  if (url.search !== '' || url.hash !== '') {
    throw optionError(`${name} must not have a query or a fragment, got ${showUrl(url.href)}`);
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  if (!ENDPOINT.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, '')}/matomo.php`;
  return url;
});

/** Without trailing slash. */
export const trackedBaseUrl: Parser<string> = parser(HTTP_URL, (value, name) => {
  const url = httpUrl(name, value);
  return url.origin + url.pathname.replace(/\/+$/, '');
});

/** A folder, or the URL of a Redis. */
export const spoolPlace: Parser<string> = parser(SPOOL_PLACE, (value, name) => {
  const text = typeof value === 'string' ? value : '';
  const place = parsePlace(text);
  if (place !== undefined) return place;
  throw optionError(`${name} must be ${SPOOL_PLACE}, got ${showUrl(value)}`);
});

function httpUrl(name: string, value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw optionError(`${name} must be ${HTTP_URL}, got ${showUrl(text)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw optionError(`${name} must not contain a user name or password, got ${showUrl(text)}`);
  }
  return url;
}

/** A URL, or what was meant to be one, for a message: without query and fragment, too. */
function showUrl(value: unknown): string {
  return showWithout(
    (text) =>
      hideSecrets(text)
        .replace(/\?.*"$/s, '?…"')
        .replace(/#.*"$/s, '#…"'),
    value,
  );
}
