import { decodeLatin1 } from '../text.js';

/** Limit for the pairs that are kept: Matomo cuts URLs and titles at 1,024 bytes. */
export const MAX_PAIRS_LENGTH = 1024;

/** Decides about a pair `name=value` of a URL: returns the pair, another one, or `undefined` to remove it. */
export type FilterPair = (pair: string, isContinued: boolean) => string | undefined;

/**
 * Text of a URL as Matomo reads it. Matomo resolves HTML entities before it looks for parameters: `&amp;` is a separator, and any
 * other entity joins two pairs. Such entities are broken up, so that Matomo sees the same pairs.
 */
export function asMatomoReads(text: string): string {
  if (!text.includes(';')) return text;
  return text.replace(/&(?:amp;)+/g, '&').replace(/&([a-z][a-z\d]*);/gi, '&$1%3B');
}

/** The name of a pair, not decoded. */
export function encodedName(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

/** The name as PHP reads it: decoded, without the brackets of an array. */
export function pairNameOf(pair: string): string {
  const name = decodeText(encodedName(pair));
  const bracket = name.indexOf('[');
  return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}

/** Filters pairs that `;` separates; `undefined` if none is kept. */
export function filterPairs(text: string, filter: FilterPair): string | undefined {
  return text.includes(';') ? filterParts(`;${text}`, filter) : filter(text, false);
}

/**
 * Filters the matrix parameters of a path (`/find;q=shoes`). After the first `;`, Matomo reads the rest of the path as a query, so `&`
 * is a separator there too.
 */
export function filterMatrix(path: string, filter: FilterPair): string {
  if (!path.includes(';')) return path;
  const text = asMatomoReads(path);
  const start = text.indexOf(';');
  if (start < 0) return text;
  return text.slice(0, start) + filterSegments(text.slice(start), filter, (head) => head);
}

/**
 * Filters the matrix parameters of all segments, and what is before them in a segment. Parts after the first 1,024 characters that are
 * kept are dropped.
 */
export function filterSegments(
  text: string,
  filter: FilterPair,
  toHead: (text: string) => string,
): string {
  let kept = '';
  for (const [i, segment] of text.split('/').entries()) {
    if (kept.length > MAX_PAIRS_LENGTH) break;
    kept += (i === 0 ? '' : '/') + filterSegment(segment, filter, toHead);
  }
  return kept;
}

/** Filters one segment. Its head is the part before the first separator. */
function filterSegment(
  segment: string,
  filter: FilterPair,
  toHead: (text: string) => string,
): string {
  const start = segment.search(/[;&]/);
  if (start < 0) return toHead(segment);
  const head = segment.slice(0, start);
  const kept = toHead(head);
  return filterParts(segment.slice(start), filter, kept, kept !== head) as string;
}

/**
 * Filters pairs that each have a separator before them, and adds them to what comes before. A part without name and value continues the
 * previous value, and is kept or removed with it.
 */
function filterParts(
  text: string,
  filter: FilterPair,
  before?: string,
  isBeforeChanged = false,
): string | undefined {
  let kept = before;
  let isDropped = isBeforeChanged;
  // Not with `split`, which would copy every pair, also of those that are dropped.
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = endOfPart(text, start);
    const pair = text.slice(start + 1, end);
    const isFirst = start === 0 && before === undefined;
    const isContinued = !isFirst && !isWhole(pair);
    if (isContinued && isDropped) continue;
    const filtered = filter(pair, isContinued);
    isDropped = filtered !== pair;
    if (filtered !== undefined)
      kept = kept === undefined ? filtered : kept + text[start] + filtered;
    if (kept !== undefined && kept.length > MAX_PAIRS_LENGTH) break;
  }
  return kept;
}

/** Where the next separator is, or the end of the text. */
function endOfPart(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== ';' && text[end] !== '&') end += 1;
  return end;
}

function isWhole(pair: string): boolean {
  return /^[^=]+=[^=]/.test(pair);
}

/** Decodes `+` and percent escapes. Other text is not changed, and bytes that are not UTF-8 are read as Latin-1. */
export function decodeText(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeLatin1(bytes);
}

/** The same for paths, in which `+` is no space. */
export function decodePath(path: string): string {
  return path.includes('%') ? decodeText(path.replaceAll('+', '%2B')) : path;
}
