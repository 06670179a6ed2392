import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { UNTRACKED_SERVER } from '../../src/common/channel-listener.js';
import type { InspectorOptions } from '../../src/inspector/index.js';
import { listen } from './listen.js';
import { startMatomo } from './matomo.js';

/** How the next requests to the tracker are answered; what is not set is as the inspector answers. */
export interface PlayedMatomoAnswer {
  readonly status?: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly delayMillis?: number;
  /** Whether hits are tracked. @default only if neither `status` nor `body` is set */
  readonly store?: boolean;
  /** @default all until the next call of `play()` */
  readonly times?: number;
}

export interface MatomoRules extends InspectorOptions {
  /** The sites to which a token may write. @default any token may write to all */
  readonly tokens?: Readonly<Record<string, readonly number[]>>;
  /** Which hits count as tracked, but are dropped. @default none */
  readonly drops?: (hit: URLSearchParams) => boolean;
}

/** An inspector behind a server that answers in its place, or has rules that the inspector does not have. */
export async function startPlayedMatomo({
  tokens,
  drops = () => false,
  ...options
}: MatomoRules = {}) {
  const inspector = await startMatomo(options);
  let played: PlayedMatomoAnswer | undefined;
  let timesLeft = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const playing = timesLeft > 0 ? played : undefined;
    timesLeft -= 1;
    const { status, body: content, delayMillis = 0 } = playing ?? {};
    const isStored = playing?.store ?? (status === undefined && content === undefined);
    const own = isStored ? await pass(request, body) : undefined;
    await wait(delayMillis, undefined, { ref: false });
    const contentType = playing?.contentType ?? own?.headers.get('content-type') ?? 'text/html';
    response.writeHead(status ?? own?.status ?? 200, {
      'content-type': contentType,
      ...playing?.headers,
    });
    response.end(content ?? (await own?.text()) ?? '');
  }

  async function pass({ url, method = 'GET', headers }: IncomingMessage, body: string) {
    const { 'content-type': type = '', 'user-agent': agent = '' } = headers;
    const sent = { 'content-type': type, 'user-agent': agent };
    const given = { method, headers: sent, ...(body !== '' && { body: applyRules(body) }) };
    return fetch(inspector.url + url, given);
  }

  /** Without its token, a bulk is one whose token has no access. A hit that is dropped is tracked without effect: a ping. */
  function applyRules(body: string): string {
    if (!body.startsWith('{"requests"')) return body;
    const bulk: { requests: string[]; token_auth?: string } = JSON.parse(body);
    const { requests, token_auth: token = '', ...rest } = bulk;
    const hits = requests.map((query) => new URLSearchParams(query));
    const allowed = tokens?.[token] ?? [];
    const mayWrite =
      tokens === undefined || hits.every((hit) => allowed.includes(Number(hit.get('idsite'))));
    const kept = requests.map((query, i) =>
      drops(hits[i] as URLSearchParams) ? `?idsite=${hits[i]?.get('idsite')}&rec=0` : query,
    );
    const access = token && mayWrite && { token_auth: token };
    return JSON.stringify({ requests: kept, ...rest, ...access });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  // Its requests must not become hits of an application in the same process.
  Object.defineProperty(server, UNTRACKED_SERVER, { value: true });
  const url = await listen(server);
  return {
    ...inspector,
    url,
    play(next?: PlayedMatomoAnswer) {
      played = next;
      timesLeft = next === undefined ? 0 : (next.times ?? Number.POSITIVE_INFINITY);
    },
  };
}
