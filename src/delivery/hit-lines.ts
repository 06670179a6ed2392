import { unescape as decode } from 'node:querystring';
import type { Hit, HitKind } from '../hit/hit-text.js';

// Each line is one hit, readable with `cat`. Client and visitor are percent-encoded. The fourth field is `-` for nearly all hits. If sending has
// failed before, it has the number of failures (or nothing), of resends, and the time at which the bulk was invalid (or 0):
//
//     startSeconds kind site failures,resends,invalidSeconds client visitor query
//     1795176000 action 1 - fedcba9876543210 0123456789abcdef ?idsite=1&rec=1&…

const LINE =
  /^(\d+(?:\.\d+)?) (action|chatbot) (\d+) (?:-|(\d*),(\d+),(\d+(?:\.\d+)?)) (\S*) (\S*) (\?.*)$/;

/** Encodes hits as lines with line feeds. */
export function toLines(hits: readonly Hit[]): string {
  return hits.map(toLine).join('');
}

function toLine(hit: Hit): string {
  const { startSeconds, kind, site, client, visitor, query } = hit;
  const who = `${encode(client)} ${encode(visitor)}`;
  return `${startSeconds} ${kind} ${site} ${toTries(hit)} ${who} ${query}\n`;
}

function toTries({ failures, resends, invalidSeconds }: Hit): string {
  if (failures === undefined && !resends && !invalidSeconds) return '-';
  return `${failures ?? ''},${resends ?? 0},${invalidSeconds ?? 0}`;
}

/** The result of reading lines. */
export interface ReadLines {
  readonly hits: readonly Hit[];
  /** The number of lines that are missing, cut off, or not hits. */
  readonly damaged: number;
}

/** Reads the first `count` lines, by default all. */
export function readLines(text: string, count?: number): ReadLines {
  const lines = text.split('\n');
  const isCut = lines.pop() !== ''; // a text after the last line feed was not written completely
  const all = lines.slice(0, count).map(readLine);
  const hits = all.filter((hit) => hit !== undefined);
  return { hits, damaged: (count ?? all.length + Number(isCut)) - hits.length };
}

function readLine(line: string): Hit | undefined {
  const found = LINE.exec(line);
  if (!found) return undefined;
  const [, startSeconds, kind, site, failures, resends, invalid, client = '', ...rest] = found;
  const [visitor = '', query = ''] = rest;
  return {
    site: Number(site),
    startSeconds: Number(startSeconds),
    kind: kind as HitKind,
    client: decode(client),
    visitor: decode(visitor),
    query,
    ...(failures && { failures: Number(failures) }),
    ...(Number(resends) > 0 && { resends: Number(resends) }),
    ...(Number(invalid) > 0 && { invalidSeconds: Number(invalid) }),
  };
}

function encode(visitor: string): string {
  return encodeURIComponent(Buffer.from(visitor).toString()); // without lone surrogates
}
