import type { IncomingMessage } from 'node:http';
import * as zlib from 'node:zlib';
import { type CollectProblem, collectBody } from '../../common/own-server.js';

/** Decompresses a body, to at most `maxBytes`. */
export type Inflate = (body: Buffer, maxBytes: number) => Buffer | 'too large' | 'not inflated';

/** Node.js has zstd since 22.15. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync };

// Synchronous, because the asynchronous functions take longer: they hand over each 16 KiB to another thread.
const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', bounded(zlib.gunzipSync)],
  ['deflate', bounded(zlib.inflateSync)],
  ...(zstdDecompressSync ? [['zstd', bounded(zstdDecompressSync)] as const] : []),
  ['identity', (body) => body],
]);

/** The values of Content-Encoding that are accepted. */
export const ENCODINGS: readonly string[] = [...INFLATE.keys()];

/** How to decompress a body with a `Content-Encoding`; `undefined` if it is not accepted. */
export function findInflate(contentEncoding = ''): Inflate | undefined {
  return INFLATE.get(contentEncoding.trim().toLowerCase() || 'identity');
}

function bounded(inflate: typeof zlib.gunzipSync): Inflate {
  return (body, maxBytes) => {
    try {
      return inflate(body, { maxOutputLength: maxBytes });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'not inflated';
    }
  };
}

const IDLE_MILLIS = 5000;

/**
 * Reads a body of at most `maxBytes` and passes it to `use`, as it was sent. Its share of `memory` is reserved until `use` has ended.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  memory: BodyMemory,
  use: (body: Buffer) => Promise<void>,
): Promise<CollectProblem | undefined> {
  if (Number(request.headers['content-length']) > maxBytes) return 'too large';
  let reserved = 0;
  const reserve = (bytes: number) => {
    if (bytes > memory.freeBytes) return false;
    memory.freeBytes -= bytes;
    reserved += bytes;
    return true;
  };
  try {
    const body = await collectBody(request, { maxBytes, idleMillis: IDLE_MILLIS, reserve });
    if (typeof body === 'string') return body;
    await use(body);
    return undefined;
  } finally {
    memory.freeBytes += reserved;
  }
}

/**
 * The memory for bodies that are being read. It limits bytes instead of bodies, so that clients that send a few bytes and
 * stop do not block others.
 */
export interface BodyMemory {
  freeBytes: number;
}
