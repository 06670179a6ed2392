import type { ActionType } from '../inspected-hit.js';
import { toText } from './cell.js';
import type { Parameters } from './read-tracker-request.js';
import { trim } from './stored-text.js';
import type { TrackedUrl } from './tracked-url.js';

/** Finds the kind of a hit's action, in Matomo's order. `blank` is an event or content with only spaces. */
export function toActionType(parameters: Parameters, url: TrackedUrl): ActionType | 'blank' {
  const { download, link, e_c, e_a, c_n, search } = parameters;
  if (isTruthy(download)) return 'download';
  if (isTruthy(link)) return 'link';
  if (toText(e_c) !== '' && toText(e_a) !== '')
    return isBlank(e_c) || isBlank(e_a) ? 'blank' : 'event';
  if (isTruthy(c_n)) return isBlank(c_n) ? 'blank' : 'content';
  if (isSearchGiven(search) || url.keyword !== undefined) return 'search';
  return 'page';
}

/** Whether a `search` parameter counts: not blank and not `0`. */
export function isSearchGiven(search: Parameters[string]): boolean {
  return isTruthy(trim(toText(search)));
}

function isTruthy(value: Parameters[string]): boolean {
  const text = toText(value);
  return text !== '' && text !== '0';
}

function isBlank(value: Parameters[string]): boolean {
  return trim(toText(value)) === '';
}
