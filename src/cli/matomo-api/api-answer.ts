import { show } from '../../common/diagnostics.js';
import { unescapeHtml } from '../../inspector/rules/stored-text.js';
import { ApiFailure } from './api-failure.js';

/** The result of one call of Matomo's API. Errors may have status 200. */
export type ApiResult =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

/** An HTTP answer, of Matomo or of another server. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly location: string | undefined;
  /** Header `WWW-Authenticate`. */
  readonly challenge: string | undefined;
  readonly body: string;
}

const SET_FOLDER = "Set MATOMO_URL to the folder of Matomo's index.php and matomo.php";

/**
 * Interprets an answer.
 *
 * @throws ApiFailure if it is not an answer of Matomo's API
 */
export function readApiAnswer(answer: HttpAnswer, url: URL): ApiResult {
  const { status, contentType, location, body } = answer;
  const at = show(url.origin + url.pathname);
  if (status >= 300 && status < 400) {
    const target = location === undefined ? 'elsewhere' : `to ${show(withoutQuery(location, url))}`;
    const what = `${at} redirects ${target}, and the token is not sent there`;
    throw new ApiFailure('redirected', what, adviseTarget(location, url));
  }
  const json = parseJson(body);
  if (json !== undefined) return toResult(json, status);
  if (status === 401 && answer.challenge !== undefined) {
    const [scheme = ''] = answer.challenge.split(' ', 1);
    const what = `The web server at ${at} answered 401 and asks for ${show(scheme)} authentication`;
    const advice = "Set MATOMO_HEADERS='authorization=Basic …' with user:password in Base64";
    throw new ApiFailure('request-rejected', what, advice);
  }
  if (status >= 400 && status < 500) {
    const what = `${at} answered ${status}, which is not an answer of Matomo's API`;
    const advice = `${SET_FOLDER}, and let proxies and firewalls pass POST to index.php`;
    throw new ApiFailure('request-rejected', what, advice);
  }
  if (status >= 500) {
    const what = `${at} answered ${status}`;
    throw new ApiFailure('unavailable', what, "Read the log of Matomo's web server and PHP");
  }
  const kind = show(contentType.split(';', 1)[0] || 'no content type');
  const what = `${at} answered ${status} with ${kind}, which is not an answer of Matomo's API`;
  throw new ApiFailure('not-matomo', what, SET_FOLDER);
}

/** Interprets one value of an answer, which may be an error. */
export function toResult(value: unknown, status = 200): ApiResult {
  const { result, message } = (value ?? {}) as { result?: unknown; message?: unknown };
  if (result !== 'error') return { kind: 'value', value };
  return { kind: 'refused', status, message: unescapeHtml(String(message ?? '')) };
}

function parseJson(body: string): unknown {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function withoutQuery(location: string, base: URL): string {
  if (!URL.canParse(location, base.href)) return location.replace(/[?#].*/s, '');
  const { origin, pathname } = new URL(location, base);
  return origin + pathname;
}

/** The folder to set, if the redirect leads to the same file elsewhere. */
function adviseTarget(location: string | undefined, base: URL): string {
  const target = location === undefined ? '' : withoutQuery(location, base);
  const folder = /^(https?:\/\/.*)\/index\.php$/.exec(target)?.[1];
  return folder === undefined
    ? 'Set MATOMO_URL to an address at which Matomo answers without a redirect'
    : `Set MATOMO_URL=${folder}`;
}
