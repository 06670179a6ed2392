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
  const name = decodePath(encodedName(pair).replaceAll('+', ' '));
  const bracket = name.indexOf('[');
  return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}

/**
 * Filters pairs that each have a separator before them: of a query, or matrix parameters (`;q=shoes&page=2`), for which `isBeforeChanged`
 * is whether the text before them was changed. A part without name and value continues what is before it, and is kept or removed with
 * it; of a query, only after `;`. Parts after the first 1,024 characters that are kept are dropped.
 */
export function filterParts(text: string, filter: FilterPair, isBeforeChanged?: boolean): string {
  let kept = '';
  let isChanged = isBeforeChanged;
  // Not with `split`, which would copy every pair, also of those that are dropped.
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = endOfPart(text, start);
    const pair = text.slice(start + 1, end);
    if (isBeforeChanged === undefined && text[start] === '&') isChanged = undefined;
    const isContinued = isChanged !== undefined && !isWhole(pair);
    if (isContinued && isChanged) continue;
    const filtered = filter(pair, isContinued);
    isChanged = filtered !== pair;
    if (filtered !== undefined) kept += text[start] + filtered;
    if (kept.length > MAX_PAIRS_LENGTH) break;
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

/** Decodes percent escapes. In a path, `+` is no space. Other text is not changed, and bytes that are not UTF-8 are read as Latin-1. */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  // Of what `unescape` decodes, `%u` is no escape of a URL. Unlike `decodeURIComponent`, it never throws, which takes long.
  return decodeLatin1(unescape(path.replaceAll('%u', '%25u')));
}

/** Limit for nested encodings. */
const MAX_LAYERS = 5;

/** Of ASCII characters. */
const FULL_WIDTH = /[\uff01-\uff5e]/;
const MAY_DIFFER = /[%\uff01-\uff5e]/;

/**
 * Decodes a text until nothing is encoded but spaces, which may be a `+`; `undefined` if it is encoded more often than anybody needs.
 * Full-width letters and signs become the usual ones, as which many servers and mail programs read them.
 */
export function decodeLayers(encoded: string): string | undefined {
  if (!MAY_DIFFER.test(encoded)) return encoded;
  let text = encoded;
  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    const decoded = decodePath(text);
    if (decoded === text) return FULL_WIDTH.test(text) ? text.normalize('NFKC') : text;
    text = decoded;
  }
  return undefined;
}
