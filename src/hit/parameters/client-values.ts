import { isRecord } from '../../common/is-record.js';
import { cleanText, cutCharacters, withoutFourBytes } from '../text.js';

// Matomo stores values of user agents and client hints uncut: text that a column cannot hold makes the whole bulk fail.

/** The size of the column `config_browser_name`, which has the names of applications. */
const MAX_NAME = 40;
/** The size of the columns `config_os_version` and `config_device_model`. */
const MAX_VERSION = 100;
const LONG_VERSION = /[\d._]{101,}/g;
/**
 * Names that Matomo takes from a user agent: in front of the first slash, of applications for iOS in front of any, what follows
 * `appname`, and of Electron a word in front of a slash.
 */
const NAMES =
  /^[^/]+(?=\/)|(?<![^/;])[^/;]+(?=\/\d[\d.]* \(iP(?:hone|ad);)|(?<=appname\/)[^/; ]+|(?<![a-z\d])[a-z\d]{41,}(?=[-/])/gi;

/** A user agent whose names and versions Matomo can store. */
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

/** Client hints as the JSON that Matomo reads; `undefined` if one has a type with which Matomo fails. */
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
