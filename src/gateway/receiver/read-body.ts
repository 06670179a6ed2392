import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { type CollectProblem, collectBody } from '../../common/collect-body.js';
import type { BodyMemory } from './body-memory.js';

/** Why a body was not read. */
export type BodyProblem = CollectProblem | 'unknown encoding' | 'not inflated';

const INFLATE = { gzip: promisify(gunzip), deflate: promisify(inflate) };

const IDLE_MILLIS = 5000;

/**
 * Reads a body and passes it to `use`, decompressed. It may have `maxBytes` both before and after. Its share of `memory` is
 * reserved until `use` has ended.
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
    const raw = await collectBody(request, {
      maxBytes,
      idleMillis: IDLE_MILLIS,
      reserve: (bytes) => reservation.grow(bytes),
    });
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
