import type { Hit, HitKind } from '../hit/hit.js';

// One hit is one line, readable with `cat`. The visitor is percent-encoded; failures are `-` if there are none:
//
//     startSeconds kind site failures visitor query
//     1795176000 action 1 - 0123456789abcdef ?idsite=1&rec=1&…

const LINE = /^(\d+(?:\.\d+)?) (action|chatbot) (\d+) (-|\d+) (\S*) (\?.*)$/;

/** Encodes hits as lines with line feeds. */
export function toLines(hits: readonly Hit[]): string {
  return hits.map(toLine).join('');
}

function toLine({ startSeconds, kind, site, failures, visitor, query }: Hit): string {
  return `${startSeconds} ${kind} ${site} ${failures ?? '-'} ${encode(visitor)} ${query}\n`;
}

/** The hits in lines, and how many lines are damaged. What comes after the last line feed was not written completely. */
export function readLines(text: string): { readonly hits: Hit[]; readonly damaged: number } {
  const lines = text.split('\n');
  const isCut = lines.pop() !== '';
  const hits = lines.map(readLine).filter((hit) => hit !== undefined);
  return { hits, damaged: lines.length - hits.length + Number(isCut) };
}

function readLine(line: string): Hit | undefined {
  const found = LINE.exec(line);
  if (!found) return undefined;
  const [, startSeconds, kind, site, failures, visitor = '', query = ''] = found;
  return {
    site: Number(site),
    startSeconds: Number(startSeconds),
    kind: kind as HitKind,
    visitor: decode(visitor),
    query,
    ...(failures !== '-' && { failures: Number(failures) }),
  };
}

const NOTHING_TO_ESCAPE = /^[\w.~-]*$/;

function encode(visitor: string): string {
  if (NOTHING_TO_ESCAPE.test(visitor)) return visitor;
  return encodeURIComponent(Buffer.from(visitor).toString()); // without lone surrogates
}

function decode(visitor: string): string {
  if (NOTHING_TO_ESCAPE.test(visitor)) return visitor;
  try {
    return decodeURIComponent(visitor);
  } catch {
    return visitor;
  }
}
