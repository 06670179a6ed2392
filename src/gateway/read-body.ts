import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';

/** Why a body was not read. */
export type BodyProblem = 'too large' | 'unknown encoding' | 'not inflated' | 'cut off';

const INFLATE = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** A body as it was before compression, of at most `maxBytes` both before and after. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | BodyProblem> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isPlain = encoding === 'identity' || encoding === '';
  if (!isPlain && !Object.hasOwn(INFLATE, encoding)) return 'unknown encoding';
  if (Number(request.headers['content-length']) > maxBytes) return 'too large';
  const raw = await readRaw(request, maxBytes);
  if (isPlain || typeof raw === 'string') return raw;
  try {
    return await INFLATE[encoding as keyof typeof INFLATE](raw, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'not inflated';
  }
}

function readRaw(request: IncomingMessage, maxBytes: number): Promise<Buffer | BodyProblem> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      resolve('too large');
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', () => resolve('cut off'));
    request.once('close', () => resolve('cut off'));
  });
}
