import { holdsSecret } from './query-policy.js';
import { createToReferrer, type ReferrerOptions } from './referrer.js';

/**
 * Redacts a URL that the application sets. Everything but secrets stays, with `query: 'keep'` these too. A fragment that contains a secret
 * is removed.
 */
export function createRedactUrl({
  query,
  redactPathPatterns,
}: Pick<ReferrerOptions, 'query' | 'redactPathPatterns'>): (url: string) => string {
  if (query === 'keep') return (url) => url;
  const redactPage = createToReferrer({
    query: 'keep',
    referrers: 'full',
    urlPaths: 'full',
    redactPathPatterns,
  });
  return function redactUrl(url) {
    const start = url.indexOf('#');
    const fragment = start < 0 ? '' : url.slice(start);
    return `${redactPage(url.trim())}${holdsSecret(fragment.slice(1)) ? '' : fragment}`;
  };
}
