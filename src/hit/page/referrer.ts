import { withoutUserInfo } from '../text.js';
import { createRedactPath, toTitlePath } from './page-path.js';
import { isUrlHost } from './page-url.js';
import { createToTrackedQuery, holdsSecret, type QueryPolicyOptions } from './query-policy.js';

export interface ReferrerOptions extends Pick<QueryPolicyOptions, 'query'> {
  readonly referrers: 'full' | 'origin';
  readonly urlPaths: 'full' | 'template';
  readonly redactPathPatterns: readonly RegExp[];
  readonly baseUrl?: string | undefined;
}

/** Of a URL without query and fragment. */
const ORIGIN = /(?:[a-z][a-z\d+.-]*:[/\\]+|[/\\]{2,})[^/\\]*/iy;
const BEFORE_HOST = /^[^/\\]*[/\\]+/;
const PORT = /:\d*$/;

/**
 * The page that a request to `host` came from, without fragment. Its path and query are redacted whatever `query` keeps, unless secrets
 * are kept; keywords stay, because Matomo reports them. `undefined` if nothing of it is sent.
 */
export function createToReferrer(
  { query, referrers, urlPaths, redactPathPatterns, baseUrl }: ReferrerOptions,
  keepsSecrets = false,
): (referrer: string, host?: string | undefined) => string | undefined {
  const toTrackedQuery = createToTrackedQuery({ query, siteSearch: true }, !keepsSecrets);
  const redactPath = createRedactPath(redactPathPatterns, keepsSecrets);
  const hasTemplates = urlPaths === 'template';
  const ownHost = baseUrl === undefined ? undefined : plainHost(hostOf(baseUrl));

  if (referrers === 'origin') return (referrer) => toOrigin(withoutUserInfo(pageOf(referrer)));
  return function toReferrer(referrer, host) {
    const fragment = referrer.indexOf('#');
    const whole = fragment < 0 ? referrer : referrer.slice(0, fragment);
    const question = whole.indexOf('?');
    const page = redactPage(question < 0 ? whole : whole.slice(0, question), host);
    const kept = question < 0 ? '' : toTrackedQuery(whole.slice(question + 1));
    return kept === '' ? page : `${page}?${kept}`;
  };

  function redactPage(page: string, host: string | undefined): string {
    const url = withoutUserInfo(page);
    const end = endOfOrigin(url);
    if (end === url.length) return url;
    const path = url.slice(end);
    const redacted = redactPath(path);
    if (redacted === path && !hasTemplates) return url;
    const origin = url.slice(0, end);
    return origin + (hasTemplates && isOwn(origin, host) ? toTitlePath(redacted) : redacted);
  }

  /** A referrer without a host is a path of this site. */
  function isOwn(origin: string, host: string | undefined): boolean {
    const referring = plainHost(hostOf(origin));
    return referring === '' || referring === ownHost || referring === plainHost(host ?? '');
  }
}

/**
 * Redacts a URL that the application sets. Everything but secrets and what patterns match stays, with `query: 'keep'` secrets too. A
 * fragment that contains a secret is removed.
 */
export function createRedactUrl({
  query,
  redactPathPatterns,
}: Pick<ReferrerOptions, 'query' | 'redactPathPatterns'>): (url: string) => string {
  const keepsSecrets = query === 'keep';
  if (keepsSecrets && redactPathPatterns.length === 0) return (url) => url;
  const redactPage = createToReferrer(
    { query: 'keep', referrers: 'full', urlPaths: 'full', redactPathPatterns },
    keepsSecrets,
  );
  return function redactUrl(url) {
    const start = url.indexOf('#');
    const fragment = start < 0 ? '' : url.slice(start);
    const isKept = keepsSecrets || !holdsSecret(fragment.slice(1));
    return `${redactPage(url.trim())}${isKept ? fragment : ''}`;
  };
}

function pageOf(referrer: string): string {
  return referrer.slice(0, referrer.search(/[?#]|$/));
}

/** 0 if there is none. */
function endOfOrigin(page: string): number {
  ORIGIN.lastIndex = 0;
  ORIGIN.test(page); // an expression that is sticky keeps where the match ends
  return ORIGIN.lastIndex;
}

/** As browsers send it with the policy `origin`. */
function toOrigin(page: string): string | undefined {
  const origin = page.slice(0, endOfOrigin(page));
  return isUrlHost(hostOf(origin)) ? `${origin}/` : undefined;
}

function hostOf(url: string): string {
  return url.replace(BEFORE_HOST, '').replace(/[/\\].*$/s, '');
}

/** A site answers at several ports and in upper and lower case. */
function plainHost(host: string): string {
  return host.toLowerCase().replace(PORT, '');
}
