import { decodeLatin1 } from './decode-latin1.js';

/** Of what stays of pairs, nothing more is read behind so many characters: Matomo cuts URLs and titles at 1,024 bytes. */
export const MAX_PAIRS_LENGTH = 1024;

/** What of a URL's pairs `name=value` is to stay: the pair, another one, or `undefined` to leave it out. */
export type FilterPair = (pair: string, isContinued: boolean) => string | undefined;

/**
 * Text of a URL as Matomo reads it. Matomo resolves HTML entities before it looks for parameters: `&amp;` is a separator
 * there, and any other entity joins two pairs to one. The latter are broken up, so that Matomo sees the same pairs.
 */
export function asMatomoReads(text: string): string {
  if (!text.includes(';')) return text;
  return text.replace(/&(?:amp;)+/g, '&').replace(/&([a-z][a-z\d]*);/gi, '&$1%3B');
}

/** The name of a pair, as it was sent. */
export function encodedName(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

/** The name as PHP reads it: decoded, and without the brackets of an array. */
export function pairNameOf(pair: string): string {
  const name = decodeText(encodedName(pair));
  const bracket = name.indexOf('[');
  return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}

/**
 * Filters pairs that `;` separates. A part without a name and a value continues the value before it: it goes if that went.
 */
export function filterPairs(text: string, filter: FilterPair): string | undefined {
  if (!text.includes(';')) return filter(text, false);
  let kept: string | undefined;
  let hasGone = false;
  for (const [i, part] of text.split(';').entries()) {
    const isContinued = i > 0 && !isWhole(part);
    if (isContinued && hasGone) continue;
    const filtered = filter(part, isContinued);
    hasGone = filtered !== part;
    if (filtered !== undefined) kept = kept === undefined ? filtered : `${kept};${filtered}`;
    if (kept !== undefined && kept.length > MAX_PAIRS_LENGTH) break;
  }
  return kept;
}

/**
 * Filters the matrix parameters of a path (`/find;q=shoes`). Behind the first `;` Matomo takes all of a path for a query,
 * so that `&` separates there too. Parts behind the first 1,024 characters that stay are left out.
 */
export function filterMatrix(
  path: string,
  filter: FilterPair,
  toHead: (text: string) => string = (text) => text,
): string {
  if (!path.includes(';')) return path;
  const text = asMatomoReads(path);
  const start = text.indexOf(';');
  if (start < 0) return text;
  let kept = text.slice(0, start);
  const end = start + MAX_PAIRS_LENGTH;
  for (const [i, segment] of text.slice(start).split('/').entries()) {
    if (kept.length > end) break;
    kept += (i === 0 ? '' : '/') + filterSegment(segment, filter, toHead);
  }
  return kept;
}

/** One segment; its head is what stands before its first separator. */
function filterSegment(
  segment: string,
  filter: FilterPair,
  toHead: (text: string) => string,
): string {
  const start = segment.search(/[;&]/);
  if (start < 0) return toHead(segment);
  const head = segment.slice(0, start);
  let kept = toHead(head);
  let hasGone = kept !== head;
  for (const part of segment.slice(start).split(/(?=[;&])/)) {
    const pair = part.slice(1);
    const isContinued = !isWhole(pair);
    if (isContinued && hasGone) continue;
    const filtered = filter(pair, isContinued);
    hasGone = filtered !== pair;
    if (filtered !== undefined) kept += part.slice(0, 1) + filtered;
    if (kept.length > MAX_PAIRS_LENGTH) break;
  }
  return kept;
}

function isWhole(pair: string): boolean {
  return /^[^=]+=[^=]/.test(pair);
}

/** Decodes `+` and percent escapes. What is not an escape stays, and bytes that are not UTF-8 are read as Latin-1. */
export function decodeText(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeLatin1(bytes);
}
