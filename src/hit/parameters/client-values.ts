import { isRecord } from '../../common/is-record.js';
import { cleanText, cutCharacters, withoutFourBytes } from '../text.js';

// Matomo does not cut values of user agents and client hints. A value that does not fit its column makes the whole bulk fail.

/** The size of the column `config_browser_name`, which also stores names of applications. */
const MAX_NAME = 40;
/** The size of the columns `config_os_version` and `config_device_model`. */
const MAX_VERSION = 100;
const LONG_VERSION = /[\d._]{101,}/g;
/**
 * Matches names that Matomo reads from a user agent: text before the first slash; with applications for iOS, text before any slash; text
 * after `appname`; and with Electron, a word before a slash.
 */
const NAMES =
  /^[^/]+(?=\/)|(?<![^/;])[^/;]+(?=\/\d[\d.]* \(iP(?:hone|ad);)|(?<=appname\/)[^/; ]+|(?<![a-z\d])[a-z\d]{41,}(?=[-/])/gi;

/** Shortens the names and versions in a user agent so that Matomo can store them. */
export function storableUserAgent(text: string): string {
  if (text.length <= MAX_NAME) return text;
  return text
    .replace(NAMES, (name) => cutCharacters(name, MAX_NAME))
    .replace(LONG_VERSION, (version) => version.slice(0, MAX_VERSION));
}

type ToHint = (value: unknown) => unknown;

const HINTS: Readonly<Record<string, ToHint>> = {
  brands: listOf(toBrand),
  fullVersionList: listOf(toBrand),
  mobile: (value) => (typeof value === 'boolean' ? value : undefined),
  model: toHint,
  platform: toHint,
  platformVersion: toHint,
  architecture: toHint,
  bitness: toHint,
  uaFullVersion: toHint,
  formFactors: listOf(toHint),
};

/** Formats client hints as the JSON that Matomo reads; `undefined` if a hint has a type on which Matomo fails. */
export function storableHints(hints: unknown): string | undefined {
  if (!isRecord(hints)) return undefined;
  const stored: Record<string, unknown> = {};
  for (const [name, toStored] of Object.entries(HINTS)) {
    const value = hints[name];
    if (value === undefined || value === null) continue;
    stored[name] = toStored(value);
    if (stored[name] === undefined) return undefined;
  }
  return JSON.stringify(stored);
}

function toHint(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return cleanText(withoutFourBytes(value)).slice(0, MAX_VERSION);
}

function toBrand(value: unknown): object | undefined {
  if (!isRecord(value)) return undefined;
  const [brand, version] = [toHint(value.brand), toHint(value.version)];
  return brand === undefined || version === undefined ? undefined : { brand, version };
}

function listOf(toItem: ToHint): ToHint {
  return (value) => {
    const items = Array.isArray(value) ? value.map(toItem) : [undefined];
    return items.includes(undefined) ? undefined : items;
  };
}
