import type { Hit } from '../../hit/hit.js';

/**
 * Hits of different kinds are sent in separate bulks. If an insert of Matomo's AI chatbot reports deadlocks, the transaction of the
 * whole bulk is rolled back, but Matomo reports the page views in it as tracked. Crashes fail if CrashAnalytics is missing.
 */
export type BulkKind = Hit['kind'] | 'chatbot';

/** The part of `recMode=1` that begins with a rare character. */
const MARK = 'Mode=1';
const IS_CHATBOT = /&recMode=1(?:&|$)/;

/** Whether a text may contain a hit for AI chatbot reports: false is certain, true is not. */
function mayHoldChatbot(text: string | Buffer): boolean {
  return text.includes(MARK);
}

/** The kind of a hit, read from its query, so that a spool needs to store only the query. */
export function bulkKindOf(kind: Hit['kind'], query: string | Buffer): BulkKind {
  if (kind === 'crash' || !mayHoldChatbot(query)) return kind;
  const text = typeof query === 'string' ? query : query.toString('latin1');
  return IS_CHATBOT.test(text) ? 'chatbot' : kind;
}

/** Groups hits by kind, and keeps their order. */
export function groupByKind<T>(
  hits: readonly T[],
  kindOf: (hit: T) => BulkKind,
): ReadonlyMap<BulkKind, readonly T[]> {
  const groups = new Map<BulkKind, T[]>();
  const [first] = hits;
  const firstKind = first && kindOf(first);
  // Nearly all bulks have one kind.
  let same = 0;
  while (same < hits.length && kindOf(hits[same] as T) === firstKind) same += 1;
  if (firstKind && same === hits.length) return new Map([[firstKind, hits]]);
  for (const hit of hits) {
    const kind = kindOf(hit);
    const group = groups.get(kind);
    if (group) group.push(hit);
    else groups.set(kind, [hit]);
  }
  return groups;
}

/** An encoded hit: `buffer[start … end]`. Many hits share a buffer. */
export interface EncodedHit {
  readonly kind: BulkKind;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Encodes the hits of each kind into one buffer, in the order in which they are sent and with the separators of a body, so that
 * the body of a batch is one copy.
 */
export function encodeHits(hits: readonly Hit[]): EncodedHit[] {
  const ordered = inOrder(hits);
  const shared = toSharedBuffer(joinQueries(ordered));
  if (arePageViews(ordered, shared.buffer)) return encodeGroup(ordered, shared, 'page');
  const groups = groupByKind(ordered, ({ kind, query }) => bulkKindOf(kind, query));
  return [...groups].flatMap(([kind, ofKind]) =>
    encodeGroup(ofKind, toSharedBuffer(joinQueries(ofKind)), kind),
  );
}

/** True for nearly all bulks. All bytes are searched at once. */
function arePageViews(hits: readonly Hit[], buffer: Buffer): boolean {
  let arePlain = true;
  for (const { kind, isPlain } of hits) {
    if (kind !== 'page') return false;
    if (isPlain !== true) arePlain = false;
  }
  return arePlain || !mayHoldChatbot(buffer);
}

function joinQueries(hits: readonly Hit[]): string {
  let text = '';
  for (const { query } of hits) text += query + SEPARATOR;
  return text;
}

function encodeGroup(
  hits: readonly Hit[],
  { buffer, start: first }: { buffer: Buffer; start: number },
  kind: BulkKind,
): EncodedHit[] {
  const encoded: EncodedHit[] = [];
  let start = first;
  for (const { visitor, startSeconds, query } of hits) {
    const end = start + query.length;
    encoded.push({ kind, visitor, startSeconds, buffer, start, end });
    start = end + SEPARATOR.length;
  }
  return encoded;
}

/** Values that a character has in the numeric key of a visitor, and how many characters the key has. */
const CHARACTER = 128;
const CHARACTERS = 5;
/** The rest of an exact number is for the index of a hit. */
const MAX_NUMBERED = 2 ** 53 / CHARACTER ** CHARACTERS;

/** Sorts by numeric keys. Texts are compared only if visitors begin alike. */
function inOrder(hits: readonly Hit[]): readonly Hit[] {
  if (hits.length > MAX_NUMBERED) return [...hits].sort(byVisitorThenTime);
  const keys = new Float64Array(hits.length);
  for (let i = 0; i < hits.length; i++) {
    keys[i] = beginningOf((hits[i] as Hit).visitor) * MAX_NUMBERED + i;
  }
  keys.sort();
  const ordered: Hit[] = [];
  let before = -1;
  let isOrdered = true;
  for (const key of keys) {
    const beginning = Math.floor(key / MAX_NUMBERED);
    const i = key - beginning * MAX_NUMBERED;
    if (beginning === before) isOrdered = false;
    before = beginning;
    ordered.push(hits[i] as Hit);
  }
  return isOrdered ? ordered : ordered.sort(byVisitorThenTime);
}

function beginningOf(visitor: string): number {
  let beginning = 0;
  let isCut = false;
  for (let i = 0; i < CHARACTERS; i++) {
    const code = i < visitor.length ? visitor.charCodeAt(i) : 0;
    isCut ||= code >= CHARACTER - 1; // from here on, visitors are compared as texts
    beginning = beginning * CHARACTER + (isCut ? CHARACTER - 1 : code);
  }
  return beginning;
}

/** The inverse of `encodeHits` for one hit. */
export function decodeHit({ kind, visitor, startSeconds, buffer, start, end }: EncodedHit): Hit {
  const query = buffer.toString('latin1', start, end);
  const site = Number(/^\?idsite=(\d+)/.exec(query)?.[1] ?? 0);
  return { site, visitor, startSeconds, kind: kind === 'crash' ? kind : 'page', query };
}

const OPENING = '{"requests":["';
/** Separates two hits in a body. */
export const SEPARATOR = '","';
const CLOSING = '"]';
/** Room for the closing of a body, with the separator of the last hit: a token has 32 characters. */
const ROOM = ' '.repeat(128);

type Ordered = Pick<EncodedHit, 'visitor' | 'startSeconds'>;

/** Comparison function for `sort`. */
export function byVisitorThenTime(a: Ordered, b: Ordered): number {
  if (a.visitor < b.visitor) return -1;
  return a.visitor === b.visitor ? a.startSeconds - b.startSeconds : 1;
}

/** The text of hits as the buffer that they share: already the body of a bulk of all of them, except for its closing. */
function toSharedBuffer(text: string): { buffer: Buffer; start: number } {
  return { buffer: Buffer.from(OPENING + text + ROOM, 'latin1'), start: OPENING.length };
}

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly EncodedHit[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  const closing = Buffer.from(`${CLOSING}${token}}`);
  const shared = completeShared(hits, closing);
  if (shared) return shared;
  const separators = Math.max(0, hits.length - 1) * SEPARATOR.length;
  const length = hits.reduce((sum, { start, end }) => sum + end - start, separators);
  const body = Buffer.allocUnsafe(OPENING.length + length + closing.length);
  let written = body.write(OPENING, 'latin1');
  for (let i = 0; i < hits.length; ) {
    if (i > 0) written += body.write(SEPARATOR, written, 'latin1');
    const { buffer, start, end: firstEnd } = hits[i] as EncodedHit;
    let end = firstEnd;
    for (i += 1; isNext(hits[i], buffer, end); i += 1) end = (hits[i] as EncodedHit).end;
    written += buffer.copy(body, written, start, end);
  }
  closing.copy(body, written);
  return body;
}

/** Completes the buffer of `toSharedBuffer` if all of its hits are sent, so that nothing is copied. */
function completeShared(hits: readonly EncodedHit[], closing: Buffer): Buffer | undefined {
  const [first, last] = [hits[0], hits.at(-1)];
  if (!first || !last || first.start !== OPENING.length || !isRow(hits)) return undefined;
  const { buffer } = first;
  const isWhole = buffer.length - last.end === SEPARATOR.length + ROOM.length;
  if (!isWhole || closing.length > ROOM.length) return undefined;
  if (buffer.toString('latin1', 0, OPENING.length) !== OPENING) return undefined;
  return buffer.subarray(0, last.end + closing.copy(buffer, last.end));
}

/** Whether hits are one after the other in their buffer, and so in the order in which they were encoded. */
export function isRow(hits: readonly EncodedHit[]): boolean {
  for (let i = 1; i < hits.length; i++) {
    const { buffer, end } = hits[i - 1] as EncodedHit;
    if (!isNext(hits[i], buffer, end)) return false;
  }
  return true;
}

/** Whether a hit is directly after position `end` of the buffer, with a separator between them. */
function isNext(hit: EncodedHit | undefined, buffer: Buffer, end: number): boolean {
  return hit !== undefined && hit.start === end + SEPARATOR.length && hit.buffer === buffer;
}

/** Whether a hit is an order. Matomo accepts each order once and reports it as invalid when it is sent again. */
export function isOrder({ buffer, start, end }: EncodedHit): boolean {
  return /[?&]ec_id=./.test(buffer.toString('latin1', start, end));
}
