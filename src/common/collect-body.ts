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

const PART_BYTES = 65_536;
/** Larger chunks are not copied. */
const LARGE_BYTES = 8192;

/** Reads the body of a request. Small chunks are copied together, because each uses far more memory than its bytes. */
export function collectBody(
  request: IncomingMessage,
  { maxBytes, idleMillis, reserve = () => true }: CollectLimits,
): Promise<Buffer | CollectProblem> {
  const length = Number(request.headers['content-length'] ?? maxBytes);
  return new Promise((resolve) => {
    let parts: Buffer[] = [];
    let size = 0;
    /** Free bytes in the last part. */
    let free = 0;
    let isOpen = true;
    const timer =
      idleMillis === undefined ? undefined : setTimeout(() => finish('stalled'), idleMillis);

    function finish(result: Buffer | CollectProblem): void {
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
      if (!reserve(chunk.buffer.byteLength)) return false;
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
          if (!reserve(free)) return false;
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
      timer?.refresh();
      if (size + chunk.length > maxBytes) finish('too large');
      else if (!keep(chunk)) finish('no memory');
    });
    request.once('end', () => finish(Buffer.concat(parts, size)));
    request.once('error', () => finish('cut off'));
    request.once('close', () => finish('cut off'));
  });
}
