import type { IncomingHttpHeaders } from 'node:http';
import { createDispatcher } from '../../delivery/http/create-dispatcher.js';
import { explainError, provesUnsent } from '../../delivery/http/explain-error.js';
import type { DispatchController, HttpDispatcher } from '../../delivery/http/transport.js';

/** The result of a forwarded request. */
export type Forwarded =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Record<string, string | string[]>;
      readonly body: Buffer;
    }
  /** Matomo did not receive it. */
  | { readonly kind: 'not_sent'; readonly error: Error }
  /** Matomo may have received it. */
  | { readonly kind: 'no_answer'; readonly error: Error };

interface UpstreamRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Including `?`, or empty. */
  readonly query: string;
  readonly body: Buffer;
}

export interface Forwarder {
  send(request: UpstreamRequest): Promise<Forwarded>;
  close(): Promise<void>;
}

const TIMEOUT_MILLIS = 60_000;
const MAX_ANSWER_BYTES = 8_000_000;

/** Headers of a single connection, and `accept-encoding`, because compressed answers could not be read here. */
const OWN_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'host',
  'accept-encoding',
]);

/** Forwards requests to a Matomo with their original bytes and headers. */
export function createForwarder(url: URL): Forwarder {
  let dispatcher: Promise<HttpDispatcher> | undefined;

  async function send({ method, headers, query, body }: UpstreamRequest): Promise<Forwarded> {
    let used: HttpDispatcher;
    try {
      dispatcher ??= createDispatcher(url, process.env);
      used = await dispatcher;
    } catch (error) {
      return { kind: 'not_sent', error: error as Error };
    }
    return new Promise((resolve) => {
      used.dispatch(
        {
          origin: url.origin,
          path: url.pathname + query,
          method,
          headers: withoutOwn(headers),
          body: body.length > 0 ? body : null,
          headersTimeout: TIMEOUT_MILLIS,
          bodyTimeout: TIMEOUT_MILLIS,
        },
        observe(resolve),
      );
    });
  }

  return {
    send,
    async close() {
      const opened = await dispatcher?.catch(() => undefined);
      await opened?.destroy?.(null);
    },
  };
}

/** Creates a dispatch handler that collects the answer. */
function observe(resolve: (forwarded: Forwarded) => void) {
  const chunks: Buffer[] = [];
  let size = 0;
  let status = 0;
  let headers: Record<string, string | string[]> = {};
  let isSent = false;
  return {
    onRequestStart() {
      isSent = true;
    },
    onResponseStart(_: DispatchController, statusCode: number, given: IncomingHttpHeaders) {
      status = statusCode;
      headers = withoutOwn(given);
    },
    onResponseData(controller: DispatchController, chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) controller.abort(new Error('its answer is too long'));
    },
    onResponseEnd() {
      resolve({ kind: 'answer', status, headers, body: Buffer.concat(chunks) });
    },
    onResponseError(_: DispatchController, error: Error) {
      const kind = isSent && !provesUnsent(error) ? 'no_answer' : 'not_sent';
      resolve({ kind, error: explainError(error) });
    },
  };
}

function withoutOwn(headers: IncomingHttpHeaders): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !OWN_HEADERS.has(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}
