import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { show } from '../common/diagnostics.js';
import type { MessageCode } from '../common/messages.js';
import { holdEventLoop } from '../common/timers.js';
import { unescapeHtml } from '../common/unescape-html.js';
import { createPoster } from '../delivery/http.js';
import { explainError } from '../delivery/http-errors.js';
import { isLoopback, proxyRouteOf } from '../delivery/proxy.js';
import { USER_AGENT } from '../tracker/create-delivery.js';

const MAX_ANSWER_BYTES = 8 * 1024 ** 2;

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

export type ApiClient = ReturnType<typeof createApiClient>;

interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Creates a client of Matomo's HTTP API. It sends calls by POST, with the token in the body, goes to no target of a redirect, and
 * retries nothing. Its methods reject with an `ApiFailure` if Matomo does not answer as its API does.
 */
export function createApiClient(options: ApiClientOptions) {
  const api = new URL(options.url);
  api.pathname = api.pathname.replace(/[^/]+\.php$/, 'index.php');
  const at = show(api.origin + api.pathname);
  const poster = openPoster(api);

  async function post(
    { method, params = {} }: ApiCall,
    secret: Readonly<Record<string, string>>,
  ): Promise<ApiResult> {
    const url = new URL(api);
    // With the method in the query, errors are JSON too. They are quoted, so they are in English as all else.
    url.search = `?${new URLSearchParams({ module: 'API', format: 'JSON', method, language: 'en' })}`;
    const body = new URLSearchParams({ ...params, ...secret }).toString();
    const headers = {
      'user-agent': USER_AGENT,
      ...options.headers,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'accept-encoding': 'identity',
    };
    const answering = send(poster.open(headers, url), body, options.timeoutMillis, at);
    const answer = await holdEventLoop(answering).catch((error: Error) => {
      throw error instanceof ApiFailure ? error : toFailure(error, at, options.timeoutMillis);
    });
    return readApiAnswer(answer, api, at);
  }

  const call = (asked: ApiCall) => post(asked, { token_auth: options.token });

  return {
    /** Checks without the token that Matomo answers, so that no other server gets the token. */
    async requireMatomo(): Promise<void> {
      const result = await post({ method: 'API.getMatomoVersion' }, {});
      if (result.kind === 'refused' && DATABASE.test(result.message))
        throw noDatabase(result.message);
      if (result.kind === 'refused' || readText(result) !== undefined) return;
      const what = `${at} answered JSON that is not Matomo's`;
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
    close: poster.close,
  };
}

function openPoster(api: URL): ReturnType<typeof createPoster> {
  try {
    return createPoster(api, proxyRouteOf(api, process.env));
  } catch (error) {
    const advice = 'Correct the variable, or unset it';
    throw new ApiFailure('proxy-unusable', (error as Error).message, advice);
  }
}

/** Sends a request. Rejects if there is no answer in time, or a part of one. */
function send(
  request: ClientRequest,
  body: string,
  timeoutMillis: number,
  at: string,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMillis);
    signal.addEventListener('abort', () => {
      reject(signal.reason);
      request.destroy();
    });
    request.on('error', reject).on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      readBody(response, at).then((text) => resolve({ status, headers, body: text }), reject);
    });
    request.end(body);
  });
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

function toFailure(error: Error, at: string, timeoutMillis: number): ApiFailure {
  if (error.name === 'TimeoutError') {
    const what = `${at} did not answer within ${timeoutMillis} ms`;
    const advice = 'Raise MATOMO_EXPORT_TIMEOUT, or find out why Matomo is slow';
    return new ApiFailure('no-answer', what, advice);
  }
  const reason = explainError(error).message;
  if (isCertificateReason(reason)) {
    const advice = 'For your own CA, set NODE_EXTRA_CA_CERTS to its file';
    return new ApiFailure('certificate', `Cannot connect to ${at}: ${reason}`, advice);
  }
  const advice = 'Fix that, or correct MATOMO_URL';
  return new ApiFailure('unreachable', `Cannot reach ${at}: ${reason}`, advice);
}

/** Another server may answer without end. */
async function readBody(body: AsyncIterable<Buffer>, at: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) continue;
    const what = `${at} answered more than ${MAX_ANSWER_BYTES} bytes`;
    throw new ApiFailure('not-matomo', what, 'Correct MATOMO_URL');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The result of one call of Matomo's API. Errors may have status 200. */
export type ApiResult =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

const SET_FOLDER = "Set MATOMO_URL to the folder of Matomo's index.php and matomo.php";

/**
 * Interprets an HTTP answer, of Matomo or of another server.
 *
 * @throws ApiFailure if it is not an answer of Matomo's API
 */
function readApiAnswer({ status, headers, body }: ApiAnswer, api: URL, at: string): ApiResult {
  if (status >= 300 && status < 400) {
    const location = firstOf(headers.location);
    const target =
      location && URL.canParse(location, api.href) ? new URL(location, api) : undefined;
    const place = target && target.origin + target.pathname;
    const [, folder] = /^(https?:\/\/.*)\/index\.php$/.exec(place ?? '') ?? [];
    const where = place === undefined ? 'elsewhere' : `to ${show(place)}`;
    const what = `${at} redirects ${where}, and the token is not sent there`;
    const other = 'Set MATOMO_URL to an address at which Matomo answers without a redirect';
    throw new ApiFailure('redirected', what, folder ? `Set MATOMO_URL=${folder}` : other);
  }
  const json = parseJson(body);
  if (json !== undefined) return toResult(json, status);
  const what = `${at} answered ${status}`;
  // Its status is 503, or 200 with several servers.
  if (body.includes('Matomo is undergoing maintenance')) {
    const found = `${what}: Matomo is in maintenance mode, in which it stores hits as long as record_statistics is 1`;
    const advice =
      "Wait, or set maintenance_mode = 0 in the section [General] of Matomo's config.ini.php";
    throw new ApiFailure('unavailable', found, advice);
  }
  const authenticate = firstOf(headers['www-authenticate']);
  if (status === 401 && authenticate !== undefined) {
    const [scheme = ''] = authenticate.split(/[ ,]/, 1); // Node.js joins several with commas
    const asks = `The web server at ${what} and asks for ${show(scheme)} authentication`;
    const advice = "Set MATOMO_HEADERS='authorization=Basic …' with user:password in Base64";
    throw new ApiFailure('request-rejected', asks, advice);
  }
  if (status >= 400 && status < 500) {
    const advice = `${SET_FOLDER}, and let proxies and firewalls pass POST to index.php`;
    throw new ApiFailure('request-rejected', `${what}, ${NOT_OF_API}`, advice);
  }
  const [database] = DATABASE.exec(body) ?? [];
  if (database !== undefined) throw noDatabase(unescapeHtml(database));
  if (status >= 500) {
    throw new ApiFailure('unavailable', what, "Read the log of Matomo's web server and PHP");
  }
  const kind = show(firstOf(headers['content-type'])?.split(';', 1)[0] || 'no content type');
  throw new ApiFailure('not-matomo', `${what} with ${kind}, ${NOT_OF_API}`, SET_FOLDER);
}

const NOT_OF_API = "which is not an answer of Matomo's API";

/** How Matomo reports that it cannot use its database, as JSON or in a page. */
const DATABASE = /SQLSTATE\[HY000\][^<]*/;

function noDatabase(reason: string): ApiFailure {
  const advice = "Start Matomo's database, or correct the section [database] of its config.ini.php";
  return new ApiFailure('unavailable', `Matomo cannot use its database: ${show(reason)}`, advice);
}

/** Of a header that may be there several times. */
function firstOf(value: string | string[] | undefined): string | undefined {
  return [value].flat()[0];
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

/** Matomo's API cannot be used. The command adds the effect to the message, because it knows what is already done. */
export class ApiFailure extends Error {
  readonly code: MessageCode;
  readonly advice: string;

  constructor(code: MessageCode, what: string, advice: string) {
    super(what);
    this.code = code;
    this.advice = advice;
  }
}

/** Whether the text of an error is about a certificate. */
export function isCertificateReason(reason: string): boolean {
  return /CERT|SIGNATURE|ALTNAME|certificate/.test(reason);
}

/** Whether others on the network can read requests to this URL. */
export function isReadableByOthers({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isLoopback(hostname);
}

/** A custom dimension of a site. */
export type Dimension = ReturnType<typeof toDimension>;

/** Asks for the dimensions of a site, active or not. */
export function getDimensions(idSite: string): ApiCall {
  return { method: 'CustomDimensions.getConfiguredCustomDimensions', params: { idSite } };
}

/** Parses one element of the result of `getDimensions`. */
export function toDimension(dimension: ApiObject) {
  return {
    id: Number(dimension.idcustomdimension),
    name: readName(dimension),
    scope: readWord(dimension.scope),
    isActive: isTrue(dimension.active),
    /** Matomo 5.11 and later; empty in older ones. Kept if the dimension is reactivated. */
    description: unescapeHtml(String(dimension.description ?? '')),
    /** Rules by which Matomo reads values from URLs and titles itself. */
    extractions: (Array.isArray(dimension.extractions)
      ? dimension.extractions
      : []) as readonly ApiObject[],
  };
}

/** Asks for the access of the token. */
export const ACCESS: readonly ApiCall[] = [
  { method: 'UsersManager.hasSuperUserAccess' },
  { method: 'SitesManager.getSitesIdWithAdminAccess' },
  { method: 'SitesManager.getSitesIdWithWriteAccess' },
  { method: 'SitesManager.getSitesIdWithViewAccess' },
];

export type Access = ReturnType<typeof readAccess>;

/** Reads the results of `ACCESS`: the role for a site, or the best for any site if it does not exist yet. */
export function readAccess(results: readonly ApiResult[], siteId: unknown) {
  const [isSuper, ...lists] = results;
  const [admin = [], write = [], view = []] = lists.map((list) =>
    Object.values(objectOf(list)).map(Number),
  );
  const sites = { admin, write, view };
  const role = (['admin', 'write', 'view'] as const).find((one) =>
    siteId === undefined ? sites[one].length > 0 : sites[one].includes(siteId as number),
  );
  const isSuperHere = readFlag(isSuper) === true && (siteId === undefined || role === 'admin');
  return {
    role: isSuperHere ? ('super' as const) : (role ?? ('none' as const)),
    /** Sites that the token can track. */
    writable: [...admin, ...write],
  };
}

/** Asks whether a plugin is active. */
export function isPluginActivated(pluginName: string): ApiCall {
  return { method: 'API.isPluginActivated', params: { pluginName } };
}

/** The answer to a question such as `isPluginActivated`; `undefined` if Matomo does not say. */
export function readFlag(result: ApiResult | undefined): boolean | undefined {
  const value = unwrap(result);
  return /^(?:true|false|[01])$/.test(String(value)) ? isTrue(value) : undefined;
}

/** An object in an answer of Matomo's API. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** The value of a result that Matomo wraps in an object. */
function unwrap(result: ApiResult | undefined): unknown {
  return objectOf(result).value;
}

/** The text of a wrapped result; `undefined` if it is not text. */
function readText(result: ApiResult | undefined): string | undefined {
  const value = unwrap(result);
  return typeof value === 'string' ? value : undefined;
}

/** The answer to `API.getMatomoVersion`, such as `5.12.0`; `undefined` if it is hidden or no version. */
export function readVersion(result: ApiResult | undefined): string | undefined {
  return /^[\w.-]+$/.exec(readText(result) ?? '')?.[0];
}

export function objectOf(result: ApiResult | undefined): ApiObject {
  if (result?.kind !== 'value') return {};
  return (result.value ?? {}) as ApiObject;
}

/** Elements of a list, which Matomo sends as an object if its keys have gaps; empty if the call was refused. */
export function listOf(result: ApiResult | undefined): ApiObject[] {
  if (result?.kind !== 'value' || typeof result.value !== 'object') return [];
  return Object.values(result.value ?? {}).filter((element) => element !== null);
}

export function readName({ name }: ApiObject): string {
  return typeof name === 'string' ? unescapeHtml(name) : '';
}

/** A value of a fixed set, such as `action`. Whatever Matomo sends, it can be printed as it is. */
export function readWord(value: unknown): string {
  return String(value).replace(/\W/g, '');
}

/** Whether a version of Matomo is older than the oldest that is supported; false if it is not known. */
export function isTooOld(version: string | undefined): boolean {
  return version !== undefined && Number.parseInt(version, 10) < 5;
}

/** Matomo sends some booleans as numbers or text. */
export function isTrue(value: unknown): boolean {
  return Number(value) === 1;
}
