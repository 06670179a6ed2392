import { Buffer } from 'node:buffer';
import { readLine } from '../hit-line.js';
import type { StoredHit } from '../spool-store.js';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';

/** The position of a hit in Redis. */
export interface RedisEntry {
  readonly id: string;
  readonly shard: number;
  /** The term of the lease under which it was read. */
  readonly term: number;
  /** The instance that made the hit. */
  readonly owner: string;
  /** Bytes of its line. */
  readonly size: number;
}

/** A hit that was read; `hit` is missing if its line is damaged. */
export interface ReadEntry {
  readonly entry: RedisEntry;
  readonly hit: StoredHit | undefined;
}

/** The hits of one shard, as its lease holder reads them, oldest first. */
export class RedisShard {
  readonly number: number;
  /** Hits that were read and not taken. */
  readonly ahead: ReadEntry[] = [];
  /** Number of hits that were taken and have no result. */
  taken = 0;
  readonly #connection: RedisConnection;
  readonly #term: number;
  #last = '-';

  /** `term`: how often the lease was acquired, which distinguishes lease holders. */
  constructor(connection: RedisConnection, number: number, term: number) {
    this.#connection = connection;
    this.number = number;
    this.#term = term;
  }

  /** Reads until `count` hits are ahead, if there are that many. */
  async readAhead(count: number): Promise<void> {
    const missing = count - this.ahead.length;
    if (missing <= 0) return;
    const key = `${REDIS_KEYS.hits}${this.number}`;
    const after = this.#last === '-' ? '-' : `(${this.#last}`;
    const command = ['XRANGE', key, after, '+', 'COUNT', String(missing)];
    const entries = (await this.#connection.send(...command)) as [string, string[]][];
    for (const [id, [, owner = '', , line = '']] of entries) {
      const entry = { id, shard: this.number, term: this.#term, owner, size: line.length };
      this.ahead.push({ entry, hit: readLine(Buffer.from(line, 'latin1')) });
      this.#last = id;
    }
  }

  /** Reads again from the first hit without a result. */
  rewind(): void {
    this.ahead.length = 0;
    this.taken = 0;
    this.#last = '-';
  }

  /** Removes a hit that got its result after it was read here. */
  remove(id: string): void {
    const index = this.ahead.findIndex(({ entry }) => entry.id === id);
    if (index >= 0) this.ahead.splice(index, 1);
  }
}
