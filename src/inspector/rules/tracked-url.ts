import { toActionUrl } from './action-url.js';
import { findSearchKeyword } from './site-search.js';
import { splitUrl } from './split-url.js';
import { cutStoredBytes, trim, unescapeHtml } from './stored-text.js';
import { convertMatrixUrl } from './url-parameters.js';

/** The parts of the `url` of a hit that Matomo uses. */
export interface TrackedUrl {
  /** The URL as it is stored. */
  readonly stored?: string;
  /** The scheme as it was sent; the stored URL has it in lower case. */
  readonly scheme?: string;
  /** The keyword that makes the hit a site search. */
  readonly keyword?: string;
}

const MAX_URL_BYTES = 1024;

export function readTrackedUrl(url: string): TrackedUrl {
  const parts = splitUrl(cleanUrl(url));
  if (parts === undefined) return {};
  const stored = toActionUrl(parts);
  const keyword = findSearchKeyword(parts);
  return {
    ...(stored === undefined ? {} : { stored, scheme: parts.scheme ?? '' }),
    ...(keyword === undefined ? {} : { keyword }),
  };
}

/** A URL as Matomo reads it: one line, cut, with path parameters in its query. */
export function cleanUrl(url: string): string {
  const line = trim(unescapeHtml(url).replace(/[\r\n\0]/g, ''));
  return convertMatrixUrl(cutStoredBytes(line, MAX_URL_BYTES));
}
