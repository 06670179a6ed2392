import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { show } from '../../common/diagnostics.js';
import { decodeJson } from '../otlp/decode-json.js';
import { DecodedExport, UnreadableExport } from '../otlp/decoded-export.js';
import type { ReceivedSpan } from '../otlp/received-span.js';
import type { SpanSelection } from '../otlp/span-selection.js';

/** The minimum of spans in a chunk, except in the last one. */
const CHUNK_SPANS = 5000;
const NEW_LINE = 10;

/** Some lines of a file. The same chunks result whenever the file is read from the beginning of one. */
export interface Chunk {
  /** Offset of its first line, in bytes of the decompressed file. */
  readonly begin: number;
  readonly spans: readonly ReceivedSpan[];
  /** Lines that are not an export of spans. */
  readonly unreadable: number;
  /** Spans that cannot be used. */
  readonly rejected: number;
}

/** Reads OTLP JSON lines, as the Collector's file exporter writes them, from an offset. Decompresses `.gz` files. */
export async function* readChunks(
  file: string,
  from: number,
  selection: SpanSelection,
): AsyncGenerator<Chunk> {
  let chunk = { begin: from, spans: [] as ReceivedSpan[], unreadable: 0, rejected: 0 };
  for await (const { line, end } of readLines(file, from)) {
    const decoded = new DecodedExport(selection);
    try {
      if (line.length > 0) decodeJson(line, decoded);
    } catch (error) {
      if (!(error instanceof UnreadableExport)) throw error;
      chunk.unreadable += 1;
    }
    for (const span of decoded.spans) chunk.spans.push(span);
    chunk.rejected += decoded.rejected;
    if (chunk.spans.length < CHUNK_SPANS) continue;
    yield chunk;
    chunk = { begin: end, spans: [], unreadable: 0, rejected: 0 };
  }
  yield chunk;
}

/** Reads lines and their end offsets, one at a time. */
async function* readLines(
  file: string,
  from: number,
): AsyncGenerator<{ line: Buffer; end: number }> {
  const isInflated = file.endsWith('.gz');
  let position = isInflated ? 0 : from;
  let parts: Buffer[] = [];
  for await (const read of readBytes(file, position, isInflated)) {
    const skipped = Math.min(read.length, Math.max(0, from - position));
    position += skipped;
    let rest = read.subarray(skipped);
    for (let at = rest.indexOf(NEW_LINE); at >= 0; at = rest.indexOf(NEW_LINE)) {
      position += at + 1;
      yield { line: Buffer.concat([...parts, rest.subarray(0, at)]), end: position };
      parts = [];
      rest = rest.subarray(at + 1);
    }
    position += rest.length;
    if (rest.length > 0) parts.push(rest);
  }
  if (parts.length > 0) yield { line: Buffer.concat(parts), end: position };
}

/** Reads a file from an offset. Errors name the file, and reject the iteration, whichever stream has them. */
async function* readBytes(
  file: string,
  start: number,
  isInflated: boolean,
): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { start });
  const bytes = isInflated ? pipeline(source, createGunzip(), () => undefined) : source;
  try {
    yield* bytes as AsyncIterable<Buffer>;
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${show(file)} cannot be read: ${message}`, { cause: error });
  }
}
