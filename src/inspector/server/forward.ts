import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { withoutUserInfo } from '../../common/diagnostics.js';
import { explainError, provesUnsent } from '../../delivery/http/explain-error.js';
import type { DispatchController, HttpDispatcher } from '../../delivery/http/transport.js';
import { createDispatcher } from '../../delivery/http/undici-transport.js';
import type { InspectedHit, Verdict } from '../inspected-hit.js';
import type { TrackerAnswer } from './played-answer.js';

/** Forwards a request to a Matomo, which answers it and decides the verdicts of its hits. */
export async function forwardRequest(
  forwarder: Forwarder,
  request: IncomingMessage,
  body: Buffer,
  { hits, isBulk }: { readonly hits: readonly InspectedHit[]; readonly isBulk: boolean },
): Promise<{ hits: InspectedHit[]; answer: TrackerAnswer }> {
  const { method = 'GET', headers, url = '' } = request;
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  const forwarded = await forwarder.send({ method, headers, query, body });
  const judged = judgeByAnswer(hits, isBulk, forwarded);
  switch (forwarded.kind) {
    case 'answer':
      return { hits: judged, answer: forwarded };
    case 'not_sent':
      return { hits: judged, answer: toText(502, unreachable(forwarded.error)) };
    case 'no_answer':
      // Not 502: senders would send hits again that Matomo may have stored.
      return { hits: judged, answer: toText(504, unanswered(forwarded.error)) };
  }
}

function toText(status: number, text: string): TrackerAnswer {
  const body = `opentelemetry-matomo inspect: ${text}\n`;
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

/** The result of a forwarded request. */
type Forwarded =
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

interface Forwarder {
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
    onResponseStart(_: DispatchController, statusCode: number, received: IncomingHttpHeaders) {
      status = statusCode;
      headers = withoutOwn(received);
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

/** Verdicts that an answer can give. It does not say how a tracked hit was stored. */
type AnsweredVerdict = Exclude<Verdict, 'ai_chatbot'>;

/**
 * Replaces the verdicts of the rules by those of a real Matomo. If Matomo only says how many hits were invalid and the rules
 * found the same number, the rules decide which ones. The stored rows are always those of the rules.
 */
export function judgeByAnswer(
  hits: readonly InspectedHit[],
  isBulk: boolean,
  answer: Forwarded,
): InspectedHit[] {
  const all = (verdict: AnsweredVerdict, reason: string) =>
    hits.map((hit) => overrule(hit, verdict, reason));
  if (answer.kind === 'not_sent') return all('refused', unreachable(answer.error));
  if (answer.kind === 'no_answer') return all('unknown', unanswered(answer.error));

  const { status } = answer;
  const answered = `Matomo answered ${status}`;
  if (status === 504) return all('unknown', answered);
  if (!isBulk && status === 400) return all('invalid', answered);
  if (isBulk && status === 500) return all('refused', `${answered} and rolled the bulk back`);
  if (status >= 300) return all('refused', answered);
  if (!isBulk) return all('tracked', answered);

  const counters = readCounters(answer.body.toString('utf8'));
  if (counters === undefined)
    return all('unknown', `${answered}, which does not say what became of the hit`);
  const { tracked, invalid, invalidIndices } = counters;
  if (tracked + invalid === 0)
    return all('dropped', 'Matomo tracked nothing; check whether tracking is turned off');
  if (tracked === hits.length) return all('tracked', answered);
  if (invalid === hits.length) return all('invalid', 'Matomo counted the whole bulk as invalid');
  if (invalidIndices?.length === invalid) {
    const invalidOnes = new Set(invalidIndices);
    return hits.map((hit, index) =>
      overrule(hit, invalidOnes.has(index) ? 'invalid' : 'tracked', 'Matomo counted it so'),
    );
  }
  const invalidHere = hits.filter(({ verdict }) => verdict === 'invalid').length;
  const isRefusedHere = hits.some(({ verdict }) => verdict === 'refused');
  if (invalidHere === invalid && tracked + invalid === hits.length && !isRefusedHere) {
    return [...hits];
  }
  return all(
    'unknown',
    `Matomo tracked ${tracked} of ${hits.length}, ${invalid} are invalid; it does not say which`,
  );
}

function unreachable(error: Error): string {
  return `Matomo cannot be reached (${reasonOf(error)})`;
}

function unanswered(error: Error): string {
  return `Matomo did not answer (${reasonOf(error)})`;
}

/** Applies a verdict of Matomo. If the rules have the same verdict, their reason is kept, because it says more. */
function overrule(hit: InspectedHit, verdict: AnsweredVerdict, reason: string): InspectedHit {
  const { verdict: own } = hit;
  switch (verdict) {
    case 'tracked':
      // Matomo counts dropped hits as tracked.
      if (own === 'tracked' || own === 'ai_chatbot' || own === 'dropped') return hit;
      return {
        ...hit,
        verdict,
        reason: `tracked by Matomo, although the inspector expected: ${hit.reason}`,
      };
    case 'unknown':
      return { ...hit, verdict, reason };
    case 'invalid':
    case 'refused':
    case 'dropped':
      return own === verdict ? hit : withoutRow({ ...hit, verdict, reason });
  }
}

function withoutRow({ aiRequest, conversion, referrer, ...hit }: InspectedHit): InspectedHit {
  return { ...hit, stored: null };
}

interface Counters {
  readonly tracked: number;
  readonly invalid: number;
  readonly invalidIndices: readonly unknown[] | undefined;
}

/** Enough for the numbers of 100,000 invalid hits. Limited, because nested JSON takes more than linear time to parse. */
const MAX_COUNTERS_LENGTH = 1_000_000;

/** Reads the counters, also if PHP has printed something before them. */
function readCounters(body: string): Counters | undefined {
  const start = body.lastIndexOf('{"status"');
  if (start < 0 || body.length - start > MAX_COUNTERS_LENGTH) return undefined;
  try {
    const json = JSON.parse(body.slice(start)) as Record<string, unknown>;
    const { tracked, invalid, invalid_indices } = json;
    if (typeof tracked !== 'number' || typeof invalid !== 'number') return undefined;
    const invalidIndices = Array.isArray(invalid_indices) ? invalid_indices : undefined;
    return { tracked, invalid, invalidIndices };
  } catch {
    return undefined;
  }
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? withoutUserInfo(error.message);
}
