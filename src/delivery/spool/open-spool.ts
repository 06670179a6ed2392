import type { Diagnostics } from '../../common/diagnostics.js';
import { openFileSpool } from './file/open-file-spool.js';
import type { OpenedSpool } from './lazy-spool.js';
import {
  isRedisUrl,
  type OpenRedisSpoolOptions,
  openRedisSpool,
} from './redis/open-redis-spool.js';

export interface OpenSpoolOptions extends Omit<OpenRedisSpoolOptions, 'url'> {
  /** A folder, or the URL of a Redis. */
  readonly place: string;
}

/** The spool that the option names; `undefined`, and said why, where it cannot be used. */
export function openSpool(
  { place, ...options }: OpenSpoolOptions,
  diagnostics: Diagnostics,
): OpenedSpool | undefined {
  if (isRedisUrl(place)) {
    const store = openRedisSpool({ ...options, url: place }, diagnostics);
    return { store, visitorKey: () => store.visitorKey };
  }
  const { matomoUrl: url, maxBytes, keepsVisitorKey } = options;
  const store = openFileSpool({ folder: place, url, maxBytes }, diagnostics);
  if (!store) return undefined;
  const key = keepsVisitorKey ? store.keepVisitorKey() : undefined;
  return { store, visitorKey: () => key };
}
