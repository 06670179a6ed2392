import { show } from '../../common/diagnostics.js';
import type { MessageCode } from '../../common/messages.js';
import { holdEventLoop } from '../../common/timers.js';
import { unescapeHtml } from '../../common/unescape-html.js';
import { explainError } from '../../delivery/http/explain-error.js';
import type { Exchange } from '../../delivery/http/transport.js';
import { createDispatcher } from '../../delivery/http/undici-client.js';
import { USER_AGENT } from '../../pipeline/create-delivery.js';
import { readText } from './api-values.js';

const MAX_ANSWER_BYTES = 8 * 1024 ** 2;
const TIMED_OUT = /^(?:TimeoutError|AbortError|HeadersTimeoutError|BodyTimeoutError)$/;

/** A method of Matomo's API, such as `Goals.getGoals`, and its parameters. */
export interface ApiCall {
  readonly method: string;
  readonly params?: Readonly<Record<string, string>>;
}

interface ApiClientOptions {
  /** URL of `matomo.php`. */
  readonly url: URL;
  readonly token: string;
  /** Added to each request, for a web server that requires its own password. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMillis: number;
}

export type ApiClient = Awaited<ReturnType<typeof createApiClient>>;

/**
 * Creates a client of Matomo's HTTP API. It sends calls by POST, with the token in the body, goes to no target of a redirect, and
 * retries nothing. Its methods reject with an `ApiFailure` if Matomo does not answer as its API does.
 */
export async function createApiClient(options: ApiClientOptions) {
  const { request } = await import('undici');
  const api = new URL(options.url);
  api.pathname = api.pathname.replace(/[^/]+\.php$/, 'index.php');
  const dispatcher = await createDispatcher(api).catch((error: Error) => {
    throw new ApiFailure('proxy-unusable', error.message, 'Correct the variable, or unset it');
  });

  async function post(
    { method, params = {} }: ApiCall,
    secret: Readonly<Record<string, string>>,
  ): Promise<ApiResult> {
    const url = new URL(api);
    // With the method in the query, errors are JSON too. They are quoted, so they are in English as all else.
    url.search = `?${new URLSearchParams({ module: 'API', format: 'JSON', method, language: 'en' })}`;
    const answering = request(url, {
      dispatcher: dispatcher as never,
      method: 'POST',
      headers: {
        'user-agent': USER_AGENT,
        ...options.headers,
        'content-type': 'application/x-www-form-urlencoded',
        'accept-encoding': 'identity',
      },
      body: new URLSearchParams({ ...params, ...secret }).toString(),
      signal: AbortSignal.timeout(options.timeoutMillis),
    })
      .then(async ({ statusCode, headers, body }) => ({
        status: statusCode,
        contentType: [headers['content-type']].flat()[0] ?? '',
        location: [headers.location].flat()[0],
        authenticate: [headers['www-authenticate']].flat()[0],
        body: await readBody(body, api),
      }))
      .catch((error: Error) => {
        throw error instanceof ApiFailure ? error : toFailure(error, api, options.timeoutMillis);
      });
    return readApiAnswer(await holdEventLoop(answering), api);
  }

  const call = (asked: ApiCall) => post(asked, { token_auth: options.token });

  return {
    /** Checks without the token that Matomo answers, so that no other server gets the token. */
    async requireMatomo(): Promise<void> {
      const result = await post({ method: 'API.getMatomoVersion' }, {});
      if (result.kind === 'refused' || readText(result) !== undefined) return;
      const what = `${show(api.origin + api.pathname)} answered JSON that is not Matomo's`;
      throw new ApiFailure('not-matomo', what, 'Correct MATOMO_URL');
    },
    call,
    /** Several calls in one request. */
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
    close: async () => dispatcher.destroy(null),
  };
}

/** Missing rights reject single parts of a bulk; a rejection of the whole is about the token or this address. */
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

function toFailure(error: Error, api: URL, timeoutMillis: number): ApiFailure {
  const at = show(api.origin + api.pathname);
  if (TIMED_OUT.test(error.name)) {
    const what = `${at} did not answer within ${timeoutMillis} ms`;
    const advice = 'Raise MATOMO_EXPORT_TIMEOUT, or find out why Matomo is slow';
    return new ApiFailure('no-answer', what, advice);
  }
  const { message, code } = explainError(error) as NodeJS.ErrnoException;
  const reason = code === undefined || message.includes(code) ? message : `${code}: ${message}`;
  if (isCertificateReason(reason)) {
    const advice = 'For your own CA, set NODE_EXTRA_CA_CERTS to its file';
    return new ApiFailure('certificate', `Cannot connect to ${at}: ${reason}`, advice);
  }
  const advice = 'Fix that, or correct MATOMO_URL';
  return new ApiFailure('unreachable', `Cannot reach ${at}: ${reason}`, advice);
}

async function readBody(body: AsyncIterable<Buffer>, api: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) continue;
    const what = `${show(api.origin + api.pathname)} answered more than ${MAX_ANSWER_BYTES} bytes`;
    throw new ApiFailure('not-matomo', what, 'Correct MATOMO_URL');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The result of one call of Matomo's API. Errors may have status 200. */
export type ApiResult =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

/** An HTTP answer, of Matomo or of another server. */
type HttpAnswer = Omit<Extract<Exchange, { kind: 'answer' }>, 'kind' | 'retryAfter'>;

const SET_FOLDER = "Set MATOMO_URL to the folder of Matomo's index.php and matomo.php";

/**
 * Interprets an answer.
 *
 * @throws ApiFailure if it is not an answer of Matomo's API
 */
function readApiAnswer(answer: HttpAnswer, url: URL): ApiResult {
  const { status, contentType, location, authenticate, body } = answer;
  const at = show(url.origin + url.pathname);
  if (status >= 300 && status < 400) {
    const target = location === undefined ? 'elsewhere' : `to ${show(withoutQuery(location, url))}`;
    const what = `${at} redirects ${target}, and the token is not sent there`;
    throw new ApiFailure('redirected', what, adviseTarget(location, url));
  }
  const json = parseJson(body);
  if (json !== undefined) return toResult(json, status);
  if (status === 401 && authenticate !== undefined) {
    const [scheme = ''] = authenticate.split(' ', 1);
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

/** Matomo's API cannot be used. The command adds the effect to the message, because it knows what is already done. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly code: MessageCode;
  readonly advice: string;

  constructor(code: MessageCode, what: string, advice: string) {
    super(what);
    this.code = code;
    this.advice = advice;
  }
}

const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|PRX_TLS|certificate/;
const LOOPBACK = /^(?:localhost|127\..*|\[::1\])$/;

/** Whether the text of an error is about a certificate. */
export function isCertificateReason(reason: string): boolean {
  return CERTIFICATE.test(reason);
}

/** Whether others on the network can read requests to this URL. */
export function isReadableByOthers({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
