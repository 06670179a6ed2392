import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { type CollectProblem, collectBody } from '../../common/collect-body.js';

/** Why a body was not read. */
export type BodyProblem = CollectProblem | 'unknown encoding' | 'not inflated';

type Inflate = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Node.js has zstd since 22.15. */
const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.gunzip };

const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', promisify(zlib.gunzip)],
  ['deflate', promisify(zlib.inflate)],
  ...(zstdDecompress ? [['zstd', promisify(zstdDecompress)] as const] : []),
]);

/** The values of Content-Encoding that are accepted. */
export const ENCODINGS: readonly string[] = [...INFLATE.keys(), 'identity'];

const IDLE_MILLIS = 5000;

/**
 * Reads a body and passes it to `use`, decompressed. It may have `maxBodyBytes` both before and after. Its share of `memory` is
 * reserved until `use` has ended.
 */
export async function readBody(
  request: IncomingMessage,
  maxBodyBytes: number,
  memory: BodyMemory,
  use: (body: Buffer) => Promise<void>,
): Promise<BodyProblem | undefined> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isPlain = encoding === 'identity' || encoding === '';
  const inflate = INFLATE.get(encoding);
  if (!isPlain && !inflate) return 'unknown encoding';
  if (Number(request.headers['content-length']) > maxBodyBytes) return 'too large';
  let reserved = 0;
  const reserve = (bytes: number) => {
    if (bytes > memory.freeBytes) return false;
    memory.freeBytes -= bytes;
    reserved += bytes;
    return true;
  };
  try {
    const raw = await collectBody(request, {
      maxBytes: maxBodyBytes,
      idleMillis: IDLE_MILLIS,
      reserve,
    });
    if (typeof raw === 'string') return raw;
    if (inflate && !reserve(maxBodyBytes)) return 'no memory';
    const body = inflate
      ? await inflate(raw, { maxOutputLength: maxBodyBytes }).catch(problemOf)
      : raw;
    if (typeof body === 'string') return body;
    await use(body);
    return undefined;
  } finally {
    memory.freeBytes += reserved;
  }
}

function problemOf({ code }: NodeJS.ErrnoException): BodyProblem {
  return code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'not inflated';
}

/**
 * The memory for bodies that are being read. It limits bytes instead of bodies, so that clients that send a few bytes and
 * stop do not block others.
 */
export interface BodyMemory {
  freeBytes: number;
}
