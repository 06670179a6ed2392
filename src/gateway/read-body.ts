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
const FIRST_BYTES = 16_384;

/**
 * Reads a body and gives `use` what it was before compression, of at most `maxBytes` both before and after. What it takes
 * is reserved in the memory that all bodies share, until `use` has returned.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  memory: BodyMemory,
  use: (body: Buffer) => void,
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
    use(body);
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

/** Into one buffer that grows: many small chunks would take far more memory than their bytes. */
function readRaw(
  request: IncomingMessage,
  maxBytes: number,
  reservation: Reservation,
): Promise<Buffer | BodyProblem> {
  const length = Number(request.headers['content-length'] ?? maxBytes);
  return new Promise((resolve) => {
    let body = Buffer.alloc(0);
    let size = 0;
    let isOpen = true;
    const timer = setTimeout(() => settle('stalled'), IDLE_MILLIS);

    function settle(result: Buffer | BodyProblem): void {
      if (!isOpen) return;
      isOpen = false;
      clearTimeout(timer);
      body = Buffer.alloc(0);
      resolve(result);
    }

    /** Makes room for so many bytes, twice as many as before at least, so that copying stays linear. */
    function makeRoom(bytes: number): boolean {
      if (bytes <= body.length) return true;
      const wanted = Math.max(bytes, Math.min(length, Math.max(FIRST_BYTES, 2 * body.length)));
      if (!reservation.grow(wanted - body.length)) return false;
      const larger = Buffer.allocUnsafeSlow(wanted);
      body.copy(larger, 0, 0, size);
      body = larger;
      return true;
    }

    request.on('data', (chunk: Buffer) => {
      if (!isOpen) return;
      timer.refresh();
      if (size + chunk.length > maxBytes) return settle('too large');
      if (!makeRoom(size + chunk.length)) return settle('no memory');
      size += chunk.copy(body, size);
    });
    request.once('end', () => settle(body.subarray(0, size)));
    request.once('error', () => settle('cut off'));
    request.once('close', () => settle('cut off'));
  });
}
