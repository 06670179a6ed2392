import { readFileSync } from 'node:fs';
import type { WireRequest } from './corpus-cases.js';

/** A recorded request, or several, by AI chatbots and others to a real Matomo (see README of the fixture). */
export interface ChatbotCase {
  id: string;
  about: string;
  group: string;
  sent_at: number;
  requests?: unknown[];
  token?: string;
  headers?: Record<string, string | null>;
  raw?: { path: string; method?: string; body?: string; headers?: Record<string, string> };
  steps?: { requests: unknown[]; token: string; answer: RecordedAnswer }[];
  answer?: RecordedAnswer;
  stored: { bot: RecordedRow[]; actions: Record<string, string | number | null>[] };
}

export interface RecordedAnswer {
  status: number;
  contentType: string;
  body: unknown;
}

/** A row of `log_bot_request`; times are relative to `sent_at`. */
export interface RecordedRow {
  idsite: number;
  server_time: number;
  bot_name: string;
  url: string | null;
  url_type: number | null;
  http_status_code: number | null;
  response_size_bytes: number | null;
  response_time_ms: number | null;
  source: string | null;
}

export function readChatbotCases(): ChatbotCase[] {
  const file = new URL('../fixtures/matomo-ai-chatbots/cases.jsonl', import.meta.url);
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ChatbotCase);
}

/** The part of an ID that says which Matomo it was: `p512`, `p512-nonstrict`, `u52` … */
export function variantOf({ id }: ChatbotCase): string {
  return id.replace(/-\d+$/, '');
}

/** The requests of a case with the answers they got. */
export function toExchanges(recorded: ChatbotCase): [WireRequest, RecordedAnswer][] {
  const { steps, requests = [], token = 'none', answer } = recorded;
  const all = steps ?? (answer ? [{ requests, token, answer }] : []);
  return all.map((step) => [toWireRequest(recorded, step), step.answer]);
}

function toWireRequest(
  { raw, headers }: ChatbotCase,
  { requests, token }: { requests: unknown[]; token: string },
): WireRequest {
  const sent = {
    'User-Agent': 'recorder/1',
    'Content-Type': 'application/json',
    ...raw?.headers,
    ...headers,
  };
  const bulk = { requests, ...(token === 'none' ? {} : { token_auth: `TOKEN-${token}` }) };
  return {
    method: raw?.method ?? 'POST',
    path: raw?.path ?? '/matomo.php',
    headers: Object.fromEntries(
      Object.entries(sent).filter((header): header is [string, string] => header[1] !== null),
    ),
    body: Buffer.from(raw === undefined ? JSON.stringify(bulk) : (raw.body ?? '')),
  };
}
