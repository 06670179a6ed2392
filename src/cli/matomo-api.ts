import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { show } from '../common/diagnostics.js';
import type { MessageCode } from '../common/messages.js';
import { holdEventLoop } from '../common/timers.js';
import { unescapeHtml } from '../common/unescape-html.js';
import { createPoster } from '../delivery/http.js';
import { explainError } from '../delivery/http-errors.js';
import { isLoopback, proxyRouteOf } from '../delivery/proxy.js';
import { USER_AGENT } from '../tracker/create-delivery.js';
import { wrapped } from './matomo-site.js';

/** A method of Matomo's API, such as `Goals.getGoals`, and its parameters. */
export interface ApiCall {
  readonly method: string;
  readonly params?: Readonly<Record<string, string>>;
}

interface ApiClientOptions {
  /** URL of `matomo.php`. */
  readonly url: URL;
  readonly token: string;
  /** Headers that each request has, for a web server that requires its own password. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMillis: number;
}

export type ApiClient = ReturnType<typeof createApiClient>;

interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Creates a client of Matomo's HTTP API. It sends calls by POST, with the token in the body. It does not follow redirects, and does not
 * retry. Its methods reject with an `ApiFailure` if the answer is not one of Matomo's API.
 *
 * @throws if a variable of the environment is not a valid proxy
 */
export function createApiClient(options: ApiClientOptions) {
  const api = new URL(options.url);
  api.pathname = api.pathname.replace(/[^/]+\.php$/, 'index.php');
  const at = show(api.origin + api.pathname);
  const poster = createPoster(api, proxyRouteOf(api, process.env));

  async function post(
    { method, params = {} }: ApiCall,
    secret: Readonly<Record<string, string>>,
  ): Promise<ApiResult> {
    const url = new URL(api);
    // With the method in the query, errors are also JSON. Messages of this package quote them, so they are requested in English.
    url.search = `?${new URLSearchParams({ module: 'API', format: 'JSON', method, language: 'en' })}`;
    const body = new URLSearchParams({ ...params, ...secret }).toString();
    const headers = {
      'user-agent': USER_AGENT,
      ...options.headers,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'accept-encoding': 'identity',
    };
    const answering = send(poster.open(headers, url), body, options.timeoutMillis);
    const answer = await holdEventLoop(answering).catch((error: Error) => {
      throw toFailure(error, at, options.timeoutMillis);
    });
    return readApiAnswer(answer, api, at);
  }

  const call = (asked: ApiCall) => post(asked, { token_auth: options.token });

  return {
    /** Checks, without sending the token, that Matomo answers. No other server must get the token. */
    async requireMatomo(): Promise<void> {
      const result = await post({ method: 'API.getMatomoVersion' }, {});
      if (result.kind === 'refused' || typeof wrapped(result) === 'string') return;
      const what = `${at} answered JSON that is not Matomo's`;
      throw new ApiFailure('not-matomo', what, 'Correct MATOMO_URL');
    },
    call,
    /** Makes several calls in one request. */
    async callAll(calls: readonly ApiCall[]): Promise<readonly ApiResult[]> {
      const urls = calls.map(({ method, params }, index) => [
        `urls[${index}]`,
        String(new URLSearchParams({ method, ...params })),
      ]);
      const params = Object.fromEntries(urls);
      const result = await call({ method: 'API.getBulkRequest', params });
      if (result.kind === 'refused') throw tokenFailure(result);
      if (Array.isArray(result.value)) return result.value.map((value) => toResult(value));
      const what = 'Matomo answered a bulk request of its API with something other than a list';
      throw new ApiFailure('not-matomo', what, 'Check which server answers instead of Matomo');
    },
    close: poster.close,
  };
}

/** Sends a request. Rejects if the complete answer does not arrive in time. */
function send(request: ClientRequest, body: string, timeoutMillis: number): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMillis);
    signal.addEventListener('abort', () => {
      reject(signal.reason);
      request.destroy();
    });
    request.on('error', reject).on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      readAll(response).then((text) => resolve({ status, headers, body: text }), reject);
    });
    request.end(body);
  });
}

/**
 * The failure if Matomo rejects a bulk of calls. Missing rights reject
 * only single calls, so the cause is the token or this address.
 */
function tokenFailure({ status, message }: { status: number; message: string }): ApiFailure {
  if (status === 401) {
    const what = `Matomo rejects the token: ${show(message)}`;
    const advice =
      'Create one in Administration > Personal > Security > Auth tokens of a user with write access';
    return new ApiFailure('token-rejected', what, advice);
  }
  const advice = "Read Matomo's log; after too many failed logins, wait an hour";
  return new ApiFailure('unavailable', `Matomo answered ${show(message)}`, advice);
}

function toFailure(error: Error, at: string, timeoutMillis: number): ApiFailure {
  if (error.name === 'TimeoutError') {
    const what = `${at} did not answer within ${timeoutMillis} ms`;
    const advice = 'Raise MATOMO_EXPORT_TIMEOUT, or find out why Matomo is slow';
    return new ApiFailure('no-answer', what, advice);
  }
  const reason = explainError(error).message;
  const advice =
    'Fix that, or correct MATOMO_URL. For your own CA, set NODE_EXTRA_CA_CERTS to its file';
  return new ApiFailure('unreachable', `Cannot reach ${at}: ${reason}`, advice);
}

/** The result of one call of Matomo's API. Errors may have status 200. */
export type ApiResult =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

const SET_FOLDER = "Set MATOMO_URL to the folder of Matomo's index.php and matomo.php";

/**
 * Interprets an HTTP answer, which may be of Matomo or of another server.
 *
 * @throws ApiFailure if it is not an answer of Matomo's API
 */
function readApiAnswer({ status, headers, body }: ApiAnswer, api: URL, at: string): ApiResult {
  const what = `${at} answered ${status}`;
  if (status >= 300 && status < 400) {
    const { location = 'http://' } = headers;
    const target = URL.canParse(location, api.href) ? new URL(location, api) : undefined;
    const where =
      target === undefined ? 'elsewhere' : `to ${show(target.origin + target.pathname)}`;
    const redirects = `${at} redirects ${where}, and the token is not sent there`;
    throw new ApiFailure('redirected', redirects, 'Set MATOMO_URL to the folder of the target');
  }
  const json = parseJson(body);
  if (json !== undefined) return toResult(json, status);
  if (status === 401 && headers['www-authenticate'] !== undefined) {
    const advice = "Set MATOMO_HEADERS='authorization=Basic …' with user:password in Base64";
    throw new ApiFailure('request-rejected', `${what} and asks for a password`, advice);
  }
  if (status >= 500)
    throw new ApiFailure('unavailable', what, "Read the log of Matomo's web server and PHP");
  const other = `${what}, which is not an answer of Matomo's API`;
  if (status < 400) throw new ApiFailure('not-matomo', other, SET_FOLDER);
  const advice = `${SET_FOLDER}, and let proxies and firewalls pass POST to index.php`;
  throw new ApiFailure('request-rejected', other, advice);
}

/** Interprets one value of an answer. The value may be an error. */
function toResult(value: unknown, status = 200): ApiResult {
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

/**
 * Means that Matomo's API cannot be used. The command adds the effect
 * to the message, because it knows which steps are done.
 */
export class ApiFailure extends Error {
  readonly code: MessageCode;
  readonly advice: string;

  constructor(code: MessageCode, what: string, advice: string) {
    super(what);
    this.code = code;
    this.advice = advice;
  }
}

/** Whether others on the network can read requests to this URL. */
export function isReadableByOthers({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isLoopback(hostname);
}
