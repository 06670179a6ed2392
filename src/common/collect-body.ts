import type { IncomingMessage } from 'node:http';

/** Why a body was not read. */
export type CollectProblem = 'too large' | 'cut off' | 'stalled' | 'no memory';

export interface CollectLimits {
  readonly maxBytes: number;
  /** Maximum wait for the next byte. @default no limit */
  readonly idleMillis?: number;
  /** Reserves memory for more bytes; false if there is none left. @default always true */
  readonly reserve?: (bytes: number) => boolean;
}

const FIRST_BYTES = 65_536;

/** Reads the body of a request. Chunks are copied together, because each uses far more memory than its bytes. */
export function collectBody(
  request: IncomingMessage,
  { maxBytes, idleMillis, reserve = () => true }: CollectLimits,
): Promise<Buffer | CollectProblem> {
  const length = Number(request.headers['content-length'] ?? maxBytes);
  return new Promise((resolve) => {
    let body = Buffer.alloc(0);
    let size = 0;
    let isOpen = true;
    const timer =
      idleMillis === undefined ? undefined : setTimeout(() => finish('stalled'), idleMillis);

    function finish(result: Buffer | CollectProblem): void {
      if (!isOpen) return;
      isOpen = false;
      body = Buffer.alloc(0); // the request stays until the rest of a body that was refused has arrived
      clearTimeout(timer);
      resolve(result);
    }

    /** Whether there was memory for it. The body doubles, so that all copies take linear time. */
    function keep(chunk: Buffer): boolean {
      const needed = size + chunk.length;
      if (needed > body.length) {
        const most = Math.min(length, Math.max(FIRST_BYTES, 2 * body.length));
        const bytes = Math.max(needed, most);
        if (!reserve(bytes - body.length)) return false;
        const larger = Buffer.allocUnsafeSlow(bytes);
        body.copy(larger, 0, 0, size);
        body = larger;
      }
      chunk.copy(body, size);
      size = needed;
      return true;
    }

    request.on('data', (chunk: Buffer) => {
      if (!isOpen) return;
      timer?.refresh();
      if (size + chunk.length > maxBytes) finish('too large');
      else if (!keep(chunk)) finish('no memory');
    });
    request.once('end', () => finish(body.subarray(0, size)));
    request.once('error', () => finish('cut off'));
    request.once('close', () => finish('cut off'));
  });
}
