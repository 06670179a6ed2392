import type { IncomingMessage } from 'node:http';
import type { InspectedHit } from '../inspected-hit.js';
import type { Forwarder } from './forward.js';
import { judgeByAnswer, unanswered, unreachable } from './judge-by-answer.js';
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
