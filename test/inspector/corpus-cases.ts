import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Inspector } from '../../src/inspector/index.js';

/** A recorded request to a real Matomo, its answer and the rows it stored (see README of the corpus). */
export interface CorpusCase {
  id: string;
  about: string;
  sent_at: number;
  times?: Record<string, string>;
  token?: string;
  hit?: unknown;
  request?: CorpusRequest;
  answer: { status: number; contentType: string; body: string };
  stored: {
    actions: Record<string, string | number>[];
    visits?: Record<string, string | number>[];
    conversions?: Record<string, string | number>[];
    items?: Record<string, string | number>[];
  };
}

interface CorpusRequest {
  body?: string;
  body_base64?: string;
  headers?: Record<string, string>;
  path?: string;
  method?: string;
}

/** A case as it goes over the wire. */
export interface WireRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

export function readCorpus(file: string): CorpusCase[] {
  return readFileSync(new URL(`../fixtures/matomo-corpus/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CorpusCase);
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The response to a recorded request. */
export async function sendWire(
  { url }: Inspector,
  { method, path, headers, body }: WireRequest,
): Promise<{ status: number; contentType: string; body: Buffer }> {
  const options = { method, agent, headers: { ...headers, 'Content-Length': body.length } };
  const [response] = await once(request(`${url}${path}`, options).end(body), 'response');
  return {
    status: response.statusCode,
    contentType: response.headers['content-type'] ?? '',
    body: await buffer(response),
  };
}

export function toWireRequest(recorded: CorpusCase): WireRequest {
  const { times = {}, request = {} } = recorded;
  const body =
    request.body_base64 === undefined
      ? Buffer.from(fill(request.body ?? toBulk(recorded), times))
      : Buffer.from(request.body_base64, 'base64');
  return {
    method: request.method ?? 'POST',
    path: fill(request.path ?? '/matomo.php', times),
    headers: Object.fromEntries(
      Object.entries({
        'User-Agent': 'corpus/1',
        'Content-Type': 'application/json',
        ...request.headers,
      }).map(([name, value]) => [name, fill(value, times)]),
    ),
    body,
  };
}

function toBulk({ hit, token = 'none', times = {} }: CorpusCase): string {
  const filled = typeof hit === 'string' ? fill(hit, times, encodeURIComponent) : hit;
  return JSON.stringify({
    requests: [filled],
    ...(token === 'none' ? {} : { token_auth: `{{token:${token}}}` }),
  });
}

function fill(
  text: string,
  times: Record<string, string>,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replace(/\{\{([^}]*)\}\}/g, (placeholder, name: string) => {
    if (name.startsWith('token:')) return name.replace(':', '-');
    const value = times[name];
    return value === undefined ? placeholder : encode(value);
  });
}
