import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Inspector } from '../../src/inspector/index.js';

/** A request to a real Matomo and its answer (see the README of the fixture). */
export interface RecordedCase {
  readonly id: string;
  readonly about: string;
  readonly sent_at: number;
  readonly token?: string;
  readonly answer: RecordedAnswer;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

export interface WireRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body: string | Buffer;
}

/** The cases of a file, by what they have in common. */
export function readCases<Case>(file: string, groupOf: (recorded: Case) => string) {
  const lines = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8');
  const groups = new Map<string, Case[]>();
  for (const line of lines.trimEnd().split('\n')) {
    const recorded = JSON.parse(line) as Case;
    const group = groupOf(recorded);
    groups.set(group, [...(groups.get(group) ?? []), recorded]);
  }
  return groups;
}

export function toBulk(requests: readonly unknown[], token = 'none'): string {
  return JSON.stringify({
    requests,
    ...(token === 'none' ? {} : { token_auth: `TOKEN-${token}` }),
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The response to a recorded request. */
export async function sendWire(
  { url }: Inspector,
  { method = 'POST', path = '/matomo.php', headers, body }: WireRequest,
): Promise<RecordedAnswer> {
  const sent = { 'User-Agent': 'recorder/1', 'Content-Type': 'application/json', ...headers };
  const given = Object.entries(sent).filter((header) => header[1] !== null);
  const all = {
    ...(Object.fromEntries(given) as Record<string, string>),
    'Content-Length': Buffer.byteLength(body),
  };
  const outgoing = request(url + path, { method, agent, headers: all });
  const [response] = await once(outgoing.end(body), 'response');
  const contentType = response.headers['content-type'] ?? '';
  return { status: response.statusCode, contentType, body: await text(response) };
}

/** Images are recorded by their size alone, and some servers named a charset. */
export function toAnswer({ contentType, body, ...rest }: RecordedAnswer): RecordedAnswer {
  const answer = { ...rest, contentType: contentType.replace(/;.*/, ''), body };
  if (typeof body !== 'string') return answer;
  if (body.startsWith('{')) return { ...answer, body: JSON.parse(body) };
  if (body.startsWith('GIF') || /^<\d+ bytes>$/.test(body)) return { ...answer, body: '<image>' };
  return body.startsWith('This resource is part of Matomo')
    ? { ...answer, body: '<info>' }
    : answer;
}

/** An action without columns that say how Matomo joins it with other rows, which the inspector does not build. */
export function toAction(row: object, notModeled: RegExp, timeOffset = 0): object {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name, value]) => !notModeled.test(name) && value !== null)
      .map(([name, value]) => [name, name === 'server_time' ? value + timeOffset : value]),
  );
}
