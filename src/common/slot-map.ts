/**
 * A map for thousands of short-lived entries, oldest first. Values are in slots, because outgrown tables of a `Map` keep
 * references: with them, V8 copies values that are long deleted, until its next full garbage collection.
 */
export class SlotMap<Key, Value> {
  readonly #slots = new Map<Key, number>();
  readonly #values: (Value | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slots.size;
  }

  get(key: Key): Value | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#values[slot];
  }

  /** Adds an entry. The key must be new. */
  add(key: Key, value: Value): void {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#slots.set(key, slot);
    this.#values[slot] = value;
  }

  delete(key: Key): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#values[slot] = undefined;
    this.#free.push(slot);
  }

  /** Removes and returns the oldest value. */
  takeOldest(): Value | undefined {
    const oldest = this.#slots.entries().next();
    if (oldest.done) return undefined;
    const [key, slot] = oldest.value;
    const value = this.#values[slot];
    this.delete(key);
    return value;
  }

  /** All values. Any may be deleted meanwhile. */
  *values(): IterableIterator<Value> {
    for (const slot of this.#slots.values()) yield this.#values[slot] as Value;
  }
}
