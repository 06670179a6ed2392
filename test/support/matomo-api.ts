// Matomo's HTTP API, played back from `test/fixtures/matomo-api`. The token of a call is its role. What was not recorded fails with 501.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from './listen.js';

const FOLDER = new URL('../fixtures/matomo-api/', import.meta.url);
const ROLES = ['super', 'admin', 'write', 'view', 'noaccess', 'super-secure'] as const;
/** Parameters that say how to call and not what. */
const HOW: ReadonlySet<string> = new Set(['module', 'format', 'method', 'language', 'token_auth']);

export type ApiRole = (typeof ROLES)[number];

export interface ApiCall {
  readonly role: string;
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

interface Recording {
  readonly role?: string;
  readonly how?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly contentType?: string;
  readonly body: unknown;
  /** It was made in a special state, and is not used. */
  readonly note?: string;
}

export interface MatomoApiOptions {
  /** Replaces what a call is answered with; `undefined`: the recording. */
  readonly answer?: ((call: ApiCall) => unknown) | undefined;
  /** Where everything but the API goes, such as the URL of an inspector. */
  readonly tracker?: string;
  /** Too many failed logins from this address. */
  readonly isLocked?: boolean;
}

/** For `answer`: what a method is answered with, or the question about a plugin. */
export const answering =
  (wanted: string, answer: object) =>
  ({ method, params }: ApiCall) =>
    [method, params.pluginName].includes(wanted) ? answer : undefined;

/** A token that the server takes for one of that role. */
export function tokenOf(role: ApiRole): string {
  return Buffer.from(role).toString('hex').padEnd(32, '0');
}

const recordings = readRecordings();

export async function startMatomoApi(options: MatomoApiOptions = {}) {
  const calls: ApiCall[] = [];
  const requests: (Pick<IncomingMessage, 'method' | 'headers'> & { url: string; body: string })[] =
    [];
  const unrecorded: ApiCall[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => answer(request, body, response));
  });

  async function answer(request: IncomingMessage, body: string, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://matomo');
    const form = new URLSearchParams(body);
    const isApi = (url.searchParams.get('module') ?? form.get('module')) === 'API';
    if (!isApi) return pass(request, body, response, options.tracker);
    const { method = '', headers, url: target = '' } = request;
    requests.push({ method, url: target, headers, body });
    const given = Object.fromEntries([...url.searchParams, ...form]);
    const role = roleOf(given.token_auth);
    const recording = reply(role, given, url);
    const { status, contentType = 'application/json; charset=utf-8', body: content } = recording;
    response.writeHead(status, { 'content-type': contentType });
    response.end(typeof content === 'string' ? content : JSON.stringify(content));
  }

  function reply(role: string, given: Record<string, string>, url: URL): Recording {
    const recorded = (is: (one: Recording) => boolean) => recordings.find(is) as Recording;
    if (options.isLocked && role !== 'none')
      return recorded(({ status, body }) => status === 500 && /Too many/.test(String(body)));
    if (role === 'wrong') {
      const how = url.searchParams.has('method') ? /token in the body/ : /all in the body/;
      return recorded((one) => how.test(one.how ?? ''));
    }
    if (given.method !== 'API.getBulkRequest') return replyToOne(role, given);
    const parts = Object.keys(given).filter((name) => /^urls\[\d+\]$/.test(name));
    const bodies = parts.map((name) => {
      const part = Object.fromEntries(new URLSearchParams(given[name]));
      return replyToOne(role, part).body;
    });
    return { status: 200, body: bodies };
  }

  function replyToOne(role: string, given: Record<string, string>): Recording {
    const params = Object.fromEntries(Object.entries(given).filter(([name]) => !HOW.has(name)));
    const call = { role, method: given.method ?? '', params };
    calls.push(call);
    const body = options.answer?.(call);
    if (body !== undefined) return { status: 200, body };
    const recording = find(call);
    if (recording) return recording;
    unrecorded.push(call);
    return { status: 501, body: { result: 'error', message: `${call.method} is not recorded` } };
  }

  const url = await listen(server);
  return { url, calls, requests, unrecorded };
}

async function pass(
  { url, method = 'GET', headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
  tracker: string | undefined,
): Promise<void> {
  if (tracker === undefined) return void response.writeHead(404).end();
  const { 'content-type': type = '', 'user-agent': agent = '' } = headers;
  const passed = { method, headers: { 'content-type': type, 'user-agent': agent } };
  const answer = await fetch(tracker + url, { ...passed, ...(body !== '' && { body }) });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

function roleOf(token: string | undefined): string {
  if (!token) return 'none';
  return ROLES.find((role) => tokenOf(role) === token) ?? 'wrong';
}

/** A plugin that nobody recorded is not installed. */
function find(call: ApiCall): Recording | undefined {
  const found = recordings.find((one) => isOf(one, call) && one.note === undefined);
  if (found || call.method !== 'API.isPluginActivated') return found;
  if (call.params.pluginName === 'CustomDimensions') return undefined;
  const other = find({ ...call, params: { pluginName: 'CustomDimensions' } });
  return other?.status === 200 && !JSON.stringify(other.body).includes('error')
    ? { ...other, body: { value: false } }
    : other;
}

function isOf({ role, method, params = {} }: Recording, call: ApiCall): boolean {
  if (role !== call.role || (method ?? params.method) !== call.method) return false;
  const names = Object.keys(params).filter((name) => !HOW.has(name));
  return (
    names.length === Object.keys(call.params).length &&
    names.every((name) => String(params[name]) === call.params[name])
  );
}

/** All files, and each part of the recorded bulks as a call of its own. */
function readRecordings(): Recording[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  const all = files.flatMap(
    (name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Recording[],
  );
  const parts = all.flatMap(({ role, method, params = {}, body }) => {
    if ((method ?? params.method) !== 'API.getBulkRequest' || !Array.isArray(body)) return [];
    return body.map((part, index): Recording => {
      const asked = Object.fromEntries(new URLSearchParams(String(params[`urls[${index}]`])));
      return { role: role ?? '', params: asked, status: 200, body: part };
    });
  });
  return [...all.filter(({ how }) => how !== 'get' && how !== 'bearer'), ...parts];
}
