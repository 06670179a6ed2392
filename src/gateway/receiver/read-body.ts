import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { BodyMemory, Reservation } from './body-memory.js';

/** Why a body was not read. */
export type BodyProblem =
  | 'too large'
  | 'unknown encoding'
  | 'not inflated'
  | 'cut off'
  | 'stalled'
  | 'no memory';

const INFLATE = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** Longest wait for the next byte. */
const IDLE_MILLIS = 5000;
const PART_BYTES = 65_536;
/** Larger chunks are kept as they are. */
const LARGE_BYTES = 8192;

/**
 * Reads a body and gives `use` what it was before compression, of at most `maxBytes` both before and after. What it takes
 * is reserved in the memory that all bodies share, until `use` has ended.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  memory: BodyMemory,
  use: (body: Buffer) => Promise<void>,
): Promise<BodyProblem | undefined> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isPlain = encoding === 'identity' || encoding === '';
  if (!isPlain && !Object.hasOwn(INFLATE, encoding)) return 'unknown encoding';
  if (Number(request.headers['content-length']) > maxBytes) return 'too large';
  const reservation = memory.open();
  try {
    const raw = await readRaw(request, maxBytes, reservation);
    if (typeof raw === 'string') return raw;
    if (!isPlain && !reservation.grow(maxBytes)) return 'no memory';
    const body = isPlain ? raw : await inflateBody(raw, encoding as keyof typeof INFLATE, maxBytes);
    if (typeof body === 'string') return body;
    await use(body);
    return undefined;
  } finally {
    reservation.release();
  }
}

async function inflateBody(
  raw: Buffer,
  encoding: keyof typeof INFLATE,
  maxBytes: number,
): Promise<Buffer | BodyProblem> {
  try {
    return await INFLATE[encoding](raw, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'not inflated';
  }
}

/** Small chunks are copied together: each would keep far more memory than its bytes. */
function readRaw(
  request: IncomingMessage,
  maxBytes: number,
  reservation: Reservation,
): Promise<Buffer | BodyProblem> {
  const length = Number(request.headers['content-length'] ?? maxBytes);
  return new Promise((resolve) => {
    let parts: Buffer[] = [];
    let size = 0;
    /** Bytes of the last part that are free. */
    let free = 0;
    let isOpen = true;
    const timer = setTimeout(() => finish('stalled'), IDLE_MILLIS);

    function finish(result: Buffer | BodyProblem): void {
      if (!isOpen) return;
      isOpen = false;
      clearTimeout(timer);
      parts = [];
      resolve(result);
    }

    /** Whether there was memory for it. */
    function keep(chunk: Buffer): boolean {
      if (chunk.length < LARGE_BYTES || chunk.length < chunk.buffer.byteLength / 2) {
        return copy(chunk);
      }
      if (!reservation.grow(chunk.buffer.byteLength)) return false;
      const last = parts.pop();
      if (last) parts.push(last.subarray(0, last.length - free));
      parts.push(chunk);
      free = 0;
      size += chunk.length;
      return true;
    }

    function copy(chunk: Buffer): boolean {
      for (let kept = 0; kept < chunk.length; ) {
        if (free === 0) {
          free = Math.max(1, Math.min(PART_BYTES, length - size));
          if (!reservation.grow(free)) return false;
          parts.push(Buffer.allocUnsafeSlow(free));
        }
        const part = parts.at(-1) as Buffer;
        const copied = chunk.copy(part, part.length - free, kept);
        kept += copied;
        free -= copied;
        size += copied;
      }
      return true;
    }

    request.on('data', (chunk: Buffer) => {
      if (!isOpen) return;
      timer.refresh();
      if (size + chunk.length > maxBytes) finish('too large');
      else if (!keep(chunk)) finish('no memory');
    });
    request.once('end', () => finish(Buffer.concat(parts, size)));
    request.once('error', () => finish('cut off'));
    request.once('close', () => finish('cut off'));
  });
}
