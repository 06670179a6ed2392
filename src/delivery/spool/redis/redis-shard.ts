import { Buffer } from 'node:buffer';
import { readLine } from '../hit-line.js';
import type { StoredHit } from '../spool-store.js';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';

/** Where a hit stands in Redis. */
export interface RedisEntry {
  readonly id: string;
  readonly shard: number;
  /** The instance that made it. */
  readonly owner: string;
  /** Bytes of its line. */
  readonly size: number;
}

/** A hit that has been read; without one where the line is damaged. */
export interface ReadEntry {
  readonly entry: RedisEntry;
  readonly hit: StoredHit | undefined;
}

/** The hits of one shard as its sender reads them, from the oldest on. */
export class RedisShard {
  readonly number: number;
  /** Read and not taken. */
  readonly ahead: ReadEntry[] = [];
  /** Hits that were taken and whose fate is open. */
  taken = 0;
  readonly #connection: RedisConnection;
  #last = '-';

  constructor(connection: RedisConnection, number: number) {
    this.#connection = connection;
    this.number = number;
  }

  /** Reads until so many hits are ahead, if there are. */
  async readAhead(count: number): Promise<void> {
    const missing = count - this.ahead.length;
    if (missing <= 0) return;
    const key = `${REDIS_KEYS.hits}${this.number}`;
    const after = this.#last === '-' ? '-' : `(${this.#last}`;
    const command = ['XRANGE', key, after, '+', 'COUNT', String(missing)];
    const entries = (await this.#connection.send(...command)) as [string, string[]][];
    for (const [id, [, owner = '', , line = '']] of entries) {
      const entry = { id, shard: this.number, owner, size: line.length };
      this.ahead.push({ entry, hit: readLine(Buffer.from(line, 'latin1')) });
      this.#last = id;
    }
  }
}
