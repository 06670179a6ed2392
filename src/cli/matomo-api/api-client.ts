import { show } from '../../common/diagnostics.js';
import { holdEventLoop } from '../../common/hold-event-loop.js';
import { createDispatcher } from '../../delivery/http/create-dispatcher.js';
import { explainError } from '../../delivery/http/explain-error.js';
import { USER_AGENT } from '../../pipeline/create-delivery.js';
import { isCertificateReason } from '../tls.js';
import { type ApiResult, readApiAnswer, toResult } from './api-answer.js';
import { ApiFailure } from './api-failure.js';

const MAX_ANSWER_BYTES = 8 * 1024 ** 2;
const LOCKED_OUT = /too many failed logins/i;
const TOKEN_REFUSED = /too many failed logins|unable to authenticate/i;
const TIMED_OUT = /^(?:TimeoutError|AbortError|HeadersTimeoutError|BodyTimeoutError)$/;

/** A method of Matomo's API, such as `Goals.getGoals`, and its parameters. */
export interface ApiCall {
  readonly method: string;
  readonly params?: Readonly<Record<string, string>>;
}

export interface ApiClientOptions {
  /** URL of `matomo.php`. */
  readonly url: URL;
  readonly token: string;
  /** Added to each request, for a web server that requires its own password. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMillis: number;
}

/** Matomo's HTTP API. Methods reject with an `ApiFailure` if Matomo does not answer as its API does. */
export interface ApiClient {
  /** Checks without the token that Matomo answers, so that no other server gets the token. */
  probe(): Promise<void>;
  call(call: ApiCall): Promise<ApiResult>;
  /** Several calls in one request. */
  callAll(calls: readonly ApiCall[]): Promise<readonly ApiResult[]>;
  close(): Promise<void>;
}

/** Sends calls by POST, with the token in the body. Follows no redirects and retries nothing. */
export async function createApiClient(options: ApiClientOptions): Promise<ApiClient> {
  const { request } = await import('undici');
  const api = new URL(options.url);
  api.pathname = api.pathname.replace(/[^/]+\.php$/, 'index.php');
  const dispatcher = await createDispatcher(api, process.env).catch((error: Error) => {
    throw new ApiFailure('proxy-unusable', error.message, 'Correct the variable, or unset it');
  });

  async function post(
    { method, params = {} }: ApiCall,
    secret: Readonly<Record<string, string>>,
  ): Promise<ApiResult> {
    const url = new URL(api);
    // With the method in the query, errors are JSON too. `refusals.ts` matches messages in English.
    url.search = `?${new URLSearchParams({ module: 'API', format: 'JSON', method, language: 'en' })}`;
    const signal = AbortSignal.timeout(options.timeoutMillis);
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
      signal,
    })
      .then(async ({ statusCode, headers, body }) => ({
        status: statusCode,
        contentType: first(headers['content-type']) ?? '',
        location: first(headers.location),
        challenge: first(headers['www-authenticate']),
        body: await readText(body, api),
      }))
      .catch((error: Error) => {
        throw error instanceof ApiFailure ? error : toFailure(error, api, options.timeoutMillis);
      });
    return readApiAnswer(await holdEventLoop(answering), api);
  }

  async function call(asked: ApiCall): Promise<ApiResult> {
    const result = await post(asked, { token_auth: options.token });
    // Each further attempt with a rejected token would count toward a lock-out.
    if (result.kind === 'refused' && TOKEN_REFUSED.test(result.message)) throw tokenFailure(result);
    return result;
  }

  return {
    async probe() {
      const result = await post({ method: 'API.getMatomoVersion' }, {});
      if (result.kind === 'refused' || isVersion(result.value)) return;
      const what = `${show(api.origin + api.pathname)} answered JSON that is not Matomo's`;
      throw new ApiFailure('not-matomo', what, 'Correct MATOMO_URL');
    },
    call,
    async callAll(calls) {
      const urls = calls.map(({ method, params }, index) => [
        `urls[${index}]`,
        new URLSearchParams({ method, ...params }).toString(),
      ]);
      const bulk = { method: 'API.getBulkRequest', params: Object.fromEntries(urls) };
      const result = await call(bulk);
      if (result.kind === 'refused') throw tokenFailure(result);
      if (Array.isArray(result.value)) return result.value.map((value) => toResult(value));
      const what = 'Matomo answered a bulk request of its API with something other than a list';
      throw new ApiFailure('not-matomo', what, 'Check which server answers instead of Matomo');
    },
    close: async () => dispatcher.destroy?.(null),
  };
}

/** Missing rights reject single parts of a bulk; a rejection of the whole is about the token or this address. */
function tokenFailure({ status, message }: { status: number; message: string }): ApiFailure {
  if (LOCKED_OUT.test(message)) {
    const what = 'Matomo temporarily rejects this address: too many failed logins';
    const advice =
      'Check the token, then wait an hour or ask a super user to unblock the address in Administration > System > General settings';
    return new ApiFailure('token-rejected', what, advice);
  }
  if (status === 401 || TOKEN_REFUSED.test(message)) {
    const what = 'Matomo rejects the token: it is invalid or expired. It was tried only once';
    const advice =
      'Create one in Administration > Personal > Security > Auth tokens of a user with write access';
    return new ApiFailure('token-rejected', what, advice);
  }
  return new ApiFailure('unavailable', `Matomo answered ${show(message)}`, "Read Matomo's log");
}

function toFailure(error: Error, api: URL, timeoutMillis: number): ApiFailure {
  const at = show(api.origin + api.pathname);
  if (TIMED_OUT.test(error.name)) {
    const what = `${at} did not answer within ${timeoutMillis} ms`;
    return new ApiFailure(
      'no-answer',
      what,
      'Raise MATOMO_EXPORT_TIMEOUT, or find out why Matomo is slow',
    );
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

async function readText(body: AsyncIterable<Buffer>, api: URL): Promise<string> {
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

function isVersion(value: unknown): boolean {
  return typeof (value as { value?: unknown }).value === 'string';
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
