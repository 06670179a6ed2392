import type { IncomingMessage, ServerResponse } from 'node:http';
import { toPageFacts } from '../explain-parameters.js';
import { findForeignHost, findForeignOrigin } from './guard-page.js';
import { createHitEvents } from './hit-events.js';
import type { HitLog } from './hit-log.js';
import { createFindPageFile, PAGE_HEADERS } from './serve-page.js';

/** Serves the page at `/`, its files and its data: `/hits`, `/ai-requests`, `/events` and `/facts`. */
export interface Page {
  answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Sends changes of the log to open pages. */
  announce(): void;
  close(): void;
}

export interface PageOptions {
  readonly log: HitLog;
  readonly clear: () => void;
  /** The option `host`. */
  readonly host: string;
  readonly forward: URL | undefined;
}

const DATA_PATHS: ReadonlySet<string> = new Set(['/hits', '/ai-requests', '/events', '/facts']);

export function createPage({ log, clear, host, forward }: PageOptions): Page {
  const events = createHitEvents(log);
  const findPageFile = createFindPageFile();

  async function answer(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { headers, method = 'GET' } = request;
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-store');
    const isData = DATA_PATHS.has(path);
    const refusal =
      findForeignHost(headers, host) ?? (isData ? findForeignOrigin(headers) : undefined);
    if (refusal !== undefined) return end(response, 403, 'text/plain; charset=utf-8', refusal);
    if (path === '/hits' && method === 'DELETE') {
      clear();
      return end(response, 204, 'application/json', '');
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return end(response, 405, 'text/plain; charset=utf-8', `${path} does not support ${method}`);
    }
    if (path === '/events' && method === 'GET') {
      return events.follow(response, headers['last-event-id']?.toString());
    }
    if (path === '/hits') return endJson(response, log.all());
    if (path === '/ai-requests') return endJson(response, log.aiRequests());
    if (path === '/facts') return endJson(response, toPageFacts(forward));
    const file = await findPageFile(path);
    if (file) end(response, 200, file.contentType, file.body);
    else end(response, 404, 'text/plain; charset=utf-8', 'Not Found\n');
  }

  return { answer, announce: events.announce, close: events.close };
}

function endJson(response: ServerResponse, value: unknown): void {
  end(response, 200, 'application/json', JSON.stringify(value));
}

function end(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
): void {
  response.writeHead(status, { 'Content-Type': contentType });
  response.end(body);
}
