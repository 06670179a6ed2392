import { createReadStream } from 'node:fs';
import { addAbortSignal, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { show } from '../../common/diagnostics.js';
import { runAtOnce } from '../../common/slices.js';
import { groupSpans } from '../../requests/group-spans.js';
import { hasHitEvent } from '../../requests/matomo-attributes.js';
import { readJson } from '../otlp/decode-json.js';
import { DecodedExport, type SpanSelection } from '../otlp/read-export.js';
import { UnreadableExport } from '../otlp/read-values.js';
import { type ReceivedSpan, traceKeyOf } from '../otlp/received-span.js';
import { MAX_EXPORT_BYTES } from '../receiver-options.js';
import { type Hitmaker, withoutRequest } from '../traces/assembler.js';

/** What was read so far. */
export interface ReadCounts {
  spans: number;
  /** Lines that are not an export of spans. */
  unreadable: number;
  /** Spans that cannot be used. */
  rejected: number;
}

/** The minimum of spans in a chunk, except in the last one. Spans of a request may be in the chunks before and after its own. */
const CHUNK_SPANS = 5000;
const NEW_LINE = 10;

interface ReadOptions {
  readonly selection: SpanSelection;
  readonly counts: ReadCounts;
  /** A span is of no request. */
  readonly onUnused: (span: ReceivedSpan) => void;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** @default what an export to the gateway can have */
  readonly maxLineBytes?: number;
}

/**
 * Reads what makes hits in a file of OTLP JSON lines, as the Collector's file exporter writes them, always in the same order.
 * Decompresses `.gz` files.
 */
export async function* readRequests(
  file: string,
  { selection, counts, onUnused, signal, maxLineBytes = MAX_EXPORT_BYTES }: ReadOptions,
): AsyncGenerator<Hitmaker> {
  let before: ReceivedSpan[] = [];
  let current: ReceivedSpan[] = [];
  let after: ReceivedSpan[] = [];
  for await (const line of readLines(file, maxLineBytes, signal)) {
    for (const span of readLine(line, selection, counts)) after.push(span);
    if (after.length < CHUNK_SPANS) continue;
    yield* requestsOf(before, current, after, onUnused);
    [before, current, after] = [current, after, []];
  }
  yield* requestsOf(before, current, after, onUnused);
  yield* requestsOf(current, after, [], onUnused);
}

/** Assembles what makes hits and has its outermost span in a chunk, with spans of the chunks before and after it. */
function requestsOf(
  before: readonly ReceivedSpan[],
  chunk: readonly ReceivedSpan[],
  after: readonly ReceivedSpan[],
  onUnused: (span: ReceivedSpan) => void,
): Hitmaker[] {
  const { requests, unused } = groupSpans([...before, ...chunk, ...after], traceKeyOf);
  const byRoot = new Map<ReceivedSpan, Hitmaker>();
  for (const request of requests) byRoot.set(request.root, request);
  for (const root of unused) {
    onUnused(root);
    if (hasHitEvent(root)) byRoot.set(root, withoutRequest(root));
  }
  return chunk.flatMap((span) => byRoot.get(span) ?? []);
}

function readLine(line: Buffer, selection: SpanSelection, counts: ReadCounts): ReceivedSpan[] {
  const decoded = new DecodedExport(selection);
  try {
    if (line.length > 0) runAtOnce(readJson(line, decoded));
  } catch (error) {
    if (!(error instanceof UnreadableExport)) throw error;
    counts.unreadable += 1;
  }
  counts.spans += decoded.spans.length;
  counts.rejected += decoded.rejected;
  return decoded.spans;
}

/** Reads lines. The end of one that is too long is left out, without which it is no JSON. */
async function* readLines(
  file: string,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let left = maxBytes;
  for await (const bytes of readBytes(file, signal)) {
    let begin = 0;
    for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, begin)) {
      yield Buffer.concat([...parts, bytes.subarray(begin, Math.min(end, begin + left))]);
      parts = [];
      left = maxBytes;
      begin = end + 1;
    }
    const part = bytes.subarray(begin, begin + left);
    left -= part.length;
    if (part.length > 0) parts.push(part);
  }
  if (!signal.aborted) yield Buffer.concat(parts);
}

/** Reads a file until the signal. Errors name it, and reject the iteration, whichever stream has them. */
async function* readBytes(file: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  // A pipe that stands still keeps `createReadStream`, and the process, until more comes.
  const input = file === '/dev/stdin' ? process.stdin : createReadStream(file);
  const source = addAbortSignal(signal, input);
  const isCompressed = file.endsWith('.gz');
  const bytes = isCompressed ? pipeline(source, createGunzip(), () => undefined) : source;
  try {
    yield* bytes as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal.aborted) return;
    const { message } = error as Error;
    throw new Error(`${show(file)} cannot be read: ${message}`, { cause: error });
  }
}
