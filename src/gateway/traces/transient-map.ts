/** Deleted entries that stay in the table. */
const MAX_DELETED = 1000;

/**
 * A map for thousands of short-lived entries, oldest first. A `Map` makes new tables as entries are deleted, and the old ones keep each
 * other and their values until the next full garbage collection: a third of the time of a hit went into copying them. Here, deleted
 * entries stay until they are many, and the map is replaced.
 */
export class TransientMap<Key, Value extends object> {
  #entries = new Map<Key, Value | undefined>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Adds an entry, whose key must be new. */
  add(key: Key, value: Value): void {
    if (this.#entries.has(key)) this.#entries.delete(key); // its place is that of a deleted one
    this.#entries.set(key, value);
    this.#size += 1;
  }

  delete(key: Key): void {
    if (this.#entries.get(key) === undefined) return;
    this.#entries.set(key, undefined);
    this.#size -= 1;
    const deleted = this.#entries.size - this.#size;
    if (deleted > MAX_DELETED && deleted > this.#size) this.#entries = new Map(this.#present());
  }

  /** Oldest first. The current one may be deleted. */
  *values(): IterableIterator<Value> {
    for (const [, value] of this.#present()) yield value;
  }

  *#present(): IterableIterator<[Key, Value]> {
    for (const [key, value] of this.#entries) if (value !== undefined) yield [key, value];
  }
}
