import { remember } from '../../common/recent-texts.js';
import { decodePath, withoutUserInfo } from '../text.js';
import { toTitlePath } from './page-path.js';
import {
  createToPageUrl,
  createToTrackedQuery,
  encodePath,
  isUrlHost,
  type PageUrlOptions,
} from './page-url.js';
import { createRedactPath, isPlainValue } from './redact.js';
import { Page } from './title.js';

export interface SentUrlOptions extends PageUrlOptions {
  /** With `strict`, only the origin of a referrer is sent. */
  readonly privacy?: 'strict' | undefined;
  readonly urlPaths: 'full' | 'template';
  readonly redactPathPatterns: readonly RegExp[];
}

/** Matches an origin. Without a scheme, `//x/y` is a path: as a host, `x` could not be recognized as a secret word. */
const ORIGIN = /^[a-z][a-z\d+.-]*:[/\\]{2}([^/\\?#]*)/i;

/** Redacts URLs. Each URL that is sent goes through one of these functions. */
export type SentUrls = ReturnType<typeof createSentUrls>;

export function createSentUrls(options: SentUrlOptions) {
  const { privacy, query, urlPaths, redactPathPatterns } = options;
  const keepsSecrets = query === 'keep';
  const redactPath = createRedactPath(redactPathPatterns);
  const redactOwnPath = keepsSecrets ? createRedactPath(redactPathPatterns, true) : redactPath;
  const toQuery = createToTrackedQuery({ query, siteSearch: true }, true);
  const toWholeQuery = createToTrackedQuery({ query: 'keep', siteSearch: true }, !keepsSecrets);
  const redactOther =
    urlPaths === 'template' ? (path: string) => toTitlePath(redactPath(path)) : redactPath;

  /**
   * Redacts a URL of a header or an attribute, and removes its fragment. Path and query are redacted even with `query: 'keep'`. Search keywords
   * stay, because Matomo reports them.
   */
  function ofAttribute(url: string): string {
    return redactUrl(url, toQuery, redactOther);
  }

  /** Redacts a referrer; `undefined` if none is sent. */
  function ofReferrer(referrer: string): string | undefined {
    return privacy === 'strict' ? toOrigin(withoutUserInfo(referrer)) : ofAttribute(referrer);
  }

  /**
   * Redacts a URL that the application sets: secrets (unless `query: 'keep'`) and what patterns match. A fragment that contains a secret is
   * removed.
   */
  function ofApplication(url: string): string {
    if (keepsSecrets && redactPathPatterns.length === 0) return url;
    const start = url.indexOf('#');
    const fragment = start < 0 ? '' : url.slice(start);
    const page = redactUrl(url.trim(), toWholeQuery, redactOwnPath);
    const isKept = keepsSecrets || isPlainValue(decodePath(fragment.slice(1)));
    return `${page}${isKept ? fragment : ''}`;
  }

  return {
    /** The path of a request, for its URL and its title. A path that redaction changes is not cached. */
    pageOf: remember(
      2048,
      (path) => {
        const sent = redactOwnPath(path);
        return new Page(sent, encodePath(sent));
      },
      (page, path) => page.path === path,
    ),
    ofRequest: createToPageUrl(options),
    ofReferrer,
    ofAttribute,
    ofApplication,
  };
}

/** Redacts the path and the query of a URL, and removes its user info and its fragment. */
function redactUrl(
  url: string,
  redactQuery: (query: string) => string,
  redactPath: (path: string) => string,
): string {
  const fragment = url.indexOf('#');
  const whole = fragment < 0 ? url : url.slice(0, fragment);
  const mark = whole.indexOf('?');
  const page = withoutUserInfo(mark < 0 ? whole : whole.slice(0, mark));
  const origin = originOf(page);
  const redacted = origin + redactPath(page.slice(origin.length));
  const kept = mark < 0 ? '' : redactQuery(whole.slice(mark + 1));
  return kept === '' ? redacted : `${redacted}?${kept}`;
}

/** The origin of a URL. A URL without a valid host, such as `https://token=abc`, has none, and is redacted like a path. */
function originOf(url: string): string {
  const [origin = '', host = ''] = ORIGIN.exec(url) ?? [];
  return isUrlHost(host) ? origin : '';
}

/** The origin of a referrer, as browsers send it with the policy `origin`. */
function toOrigin(url: string): string | undefined {
  const origin = originOf(url);
  return origin === '' ? undefined : `${origin}/`;
}
