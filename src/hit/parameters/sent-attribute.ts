import { toErrorType } from '../error-type.js';
import { holdsCredentials, REDACTED } from '../page/query-policy.js';
import { createRedactPath } from '../page/redact-path.js';
import { createToReferrer, type ReferrerOptions } from '../page/referrer.js';
import { maskAddress } from '../visitor/mask-address.js';
import { plainAddress } from '../visitor/origin.js';

export interface SentAttributeOptions extends ReferrerOptions {
  readonly anonymizeIp: number;
  readonly redactPathPatterns: readonly RegExp[];
}

/** Headers are sent by callers, who may write anything of any size. */
const MAX_CHARACTERS = 4096;

const ERROR_TYPES = new Set(['error.type', 'http.error_name', 'exception.type']);
const ITEM = /[^,;=\s]+/g;
const URL_OR_PATH = /^(?:[a-z][a-z\d+.-]*:)?[/\\]/i;

/**
 * What is sent of an attribute that an option names, for a dimension or as the user ID: addresses are masked, URLs and paths are
 * redacted like referrers, and free text is no type of an error.
 */
export function createToSentAttribute(
  options: SentAttributeOptions,
): (name: string, value: string, host?: string) => string {
  const { anonymizeIp } = options;
  const redactPath = createRedactPath(options.redactPathPatterns);
  const toUrl = createToReferrer({ ...options, referrers: 'full' }, redactPath);

  function maskItem(item: string): string {
    const address = plainAddress(item);
    return address === undefined ? item : maskAddress(address, anonymizeIp);
  }

  return function toSentAttribute(name, value, host) {
    if (ERROR_TYPES.has(name)) return toErrorType(value);
    const text = value.slice(0, MAX_CHARACTERS).trim();
    const isHeader = HEADER.test(name);
    if (isHeader && holdsCredentials(text)) return REDACTED;
    if (URL_OR_PATH.test(text) || (isHeader && holdsUrl(name, text))) {
      return toUrl(text, host) ?? '';
    }
    return anonymizeIp === 0 || !MAY_BE_ADDRESS.test(text) ? text : text.replace(ITEM, maskItem);
  };
}

const HEADER = /^http\.(?:request|response)\.header\./;
/** Headers whose values are URLs, which may be relative. */
const URL_HEADER = /[.-](?:url|uri|path|location|referer|referrer|link|refresh)(?:-|$)/;

/** Also inside of other text, as in the header Link. */
function holdsUrl(name: string, text: string): boolean {
  const hasQuery = text.includes('?') && text.includes('=');
  return hasQuery || text.includes('://') || URL_HEADER.test(name.replaceAll('_', '-'));
}

const MAY_BE_ADDRESS = /\d\.\d|:/;
