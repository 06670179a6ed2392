import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { isOwnHost } from '../../common/own-server.js';
import type { HitLog } from './hit-log.js';

/** Serves the page at `/`, its files and its data: `/hits` and `/new-hits?run=RUN&from=NUMBER`. */
export function createPage(log: HitLog, host: string) {
  const data = new Map<string, (query: URLSearchParams) => unknown>([
    ['/hits', log.all],
    ['/new-hits', (query) => log.read(Number(query.get('run')), Number(query.get('from')))],
  ]);

  return async function answerPage(
    path: string,
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { headers, method = 'GET' } = request;
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-store');
    const read = data.get(path);
    const refusal = read ? findForeignRequest(headers, host) : findForeignHost(headers, host);
    if (refusal !== undefined) return end(response, 403, 'text/plain; charset=utf-8', refusal);
    if (path === '/hits' && method === 'DELETE') {
      log.clear();
      return end(response, 204, 'application/json', '');
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return end(response, 405, 'text/plain; charset=utf-8', `${path} does not support ${method}`);
    }
    if (read) {
      const body = JSON.stringify(read(new URLSearchParams(query)));
      return end(response, 200, 'application/json', body);
    }
    const file = await readPageFile(path);
    if (file) end(response, 200, file.contentType, file.body);
    else end(response, 404, 'text/plain; charset=utf-8', 'Not Found\n');
  };
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

/** Returns the reason for which a request for data is refused, for example if another page sent it; `undefined` if it is allowed. */
function findForeignRequest(headers: IncomingHttpHeaders, ownHost: string): string | undefined {
  const { host, origin, 'sec-fetch-site': site = 'none' } = headers;
  const isForeignSite = site !== 'same-origin' && site !== 'none';
  const isOwnOrigin =
    origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
  const refusal = findForeignHost(headers, ownHost);
  if (refusal !== undefined || (isOwnOrigin && !isForeignSite)) return refusal;
  return 'only the page of this inspector may read or delete hits';
}

/** Returns the reason for which a request is refused because of its Host header; `undefined` if it is allowed. */
function findForeignHost({ host = '' }: IncomingHttpHeaders, ownHost: string): string | undefined {
  if (isOwnHost(host, ownHost)) return undefined;
  return 'use an IP address or localhost to open this page; other names could belong to anyone';
}

/** Headers that allow nothing from other origins, no inline code, and no text that becomes markup. */
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

const FOLDER = new URL('../page/', import.meta.url);
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Reads the file of a path: `/` is the page, and `/page/…` are its files. */
async function readPageFile(
  path: string,
): Promise<{ contentType: string; body: Buffer } | undefined> {
  const [, name = '', extension = ''] =
    /^\/page\/([\w-]+\.(html|css|js|svg))$/.exec(path === '/' ? '/page/index.html' : path) ?? [];
  const contentType = CONTENT_TYPES[extension];
  const file = new URL(name, FOLDER);
  if (contentType === undefined || !existsSync(file)) return undefined;
  return { contentType, body: await readFile(file) };
}
