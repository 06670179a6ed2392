import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { isOwnHost } from '../../common/own-host.js';
import type { HitLog } from './hit-log.js';

interface PageOptions {
  readonly log: HitLog;
  readonly clear: () => void;
  /** The option `host`. */
  readonly host: string;
}

const DATA_PATHS: ReadonlySet<string> = new Set(['/hits', '/ai-requests', '/events']);

/** Serves the page at `/`, its files and its data: `/hits`, `/ai-requests` and `/events`. */
export function createPage({ log, clear, host }: PageOptions) {
  const events = createHitEvents(log);

  async function answer(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { headers, method = 'GET' } = request;
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-store');
    const isData = DATA_PATHS.has(path);
    const refusal = isData ? findForeignRequest(headers, host) : findForeignHost(headers, host);
    if (refusal !== undefined) return end(response, 403, 'text/plain; charset=utf-8', refusal);
    if (path === '/hits' && method === 'DELETE') {
      clear();
      return end(response, 204, 'application/json', '');
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return end(response, 405, 'text/plain; charset=utf-8', `${path} does not support ${method}`);
    }
    if (path === '/events' && method === 'GET') {
      return events.subscribe(response);
    }
    if (path === '/hits') return endJson(response, log.all());
    if (path === '/ai-requests') return endJson(response, log.aiRequests());
    const file = await readPageFile(path);
    if (file) end(response, 200, file.contentType, file.body);
    else end(response, 404, 'text/plain; charset=utf-8', 'Not Found\n');
  }

  return { answer, announce: events.announce, close: events.close };
}

function endJson(response: ServerResponse, value: unknown): void {
  end(response, 200, 'application/json', JSON.stringify(value));
}

export function end(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
): void {
  response.writeHead(status, { 'Content-Type': contentType });
  response.end(body);
}

/** Why a request for data is refused; `undefined` if it is allowed. */
export function findForeignRequest(
  headers: IncomingHttpHeaders,
  ownHost: string,
): string | undefined {
  return findForeignHost(headers, ownHost) ?? findForeignOrigin(headers);
}

/** Why a request is refused because of its Host header; `undefined` if it is allowed. */
function findForeignHost({ host = '' }: IncomingHttpHeaders, ownHost: string): string | undefined {
  if (isOwnHost(host, ownHost)) return undefined;
  return 'use an IP address or localhost to open this page; other names could belong to anyone';
}

/** Why a request for data is refused because a browser sent it for another page; `undefined` if it is allowed. */
function findForeignOrigin(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== undefined && hostOf(origin) !== host;
  return isForeignSite || isForeignOrigin
    ? 'only the page of this inspector may read or delete hits'
    : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

const GATHER_MILLIS = 200;
const MAX_HITS_PER_MESSAGE = 500;

interface Subscriber {
  readonly response: ServerResponse;
  run: number;
  next: number;
}

/**
 * Creates server-sent events with the hits of a log, many in one message. At most one message waits for a slow client. When the
 * client has read it, it gets the hits that are still in the log.
 */
function createHitEvents(log: HitLog) {
  const subscribers = new Set<Subscriber>();
  let timer: NodeJS.Timeout | undefined;

  /** Sends all hits in the log, then new ones, until the client disconnects. */
  function subscribe(response: ServerResponse): void {
    const subscriber = { response, run: log.run(), next: 0 };
    subscribers.add(subscriber);
    response.on('close', () => subscribers.delete(subscriber));
    response.on('drain', () => send(subscriber));
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    send(subscriber);
  }

  function send(subscriber: Subscriber): void {
    while (!subscriber.response.writableNeedDrain) {
      const message = nextMessage(subscriber);
      if (message === undefined) return;
      subscriber.response.write(message);
    }
  }

  function nextMessage(subscriber: Subscriber): string | undefined {
    if (subscriber.run !== log.run()) {
      subscriber.run = log.run();
      subscriber.next = 0;
      return toMessage('clear', {});
    }
    const oldest = log.oldest();
    const first = Math.max(subscriber.next, oldest);
    const hits = log.read(first, MAX_HITS_PER_MESSAGE);
    if (hits.length === 0) return undefined;
    subscriber.next = first + hits.length;
    return toMessage('hits', { first, oldest, hits });
  }

  /** Sends new hits to all clients. */
  function announce(): void {
    if (timer !== undefined || subscribers.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      for (const subscriber of subscribers) send(subscriber);
    }, GATHER_MILLIS).unref();
  }

  return { subscribe, announce, close: () => clearTimeout(timer) };
}

function toMessage(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Allows nothing from other origins, no inline code, and no text that becomes markup. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** The CommonJS build uses the page of the ES module build. */
const FOLDERS = ['../page/', '../../esm/page/'].map((path) => new URL(path, import.meta.url));
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Reads the file of a path: `/` is the page, `/page/…` are its files. */
async function readPageFile(
  path: string,
): Promise<{ contentType: string; body: Buffer } | undefined> {
  const [, name = '', extension = ''] =
    /^\/page\/([\w-]+\.(html|css|js|svg))$/.exec(path === '/' ? '/page/index.html' : path) ?? [];
  const contentType = CONTENT_TYPES[extension];
  const file = FOLDERS.map((folder) => new URL(name, folder)).find((url) => existsSync(url));
  if (contentType === undefined || file === undefined) return undefined;
  return { contentType, body: await readFile(file) };
}
