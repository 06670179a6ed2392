/**
 * A map whose entries come and go by the thousand, oldest first. Its values lie in slots: a table that a `Map` of V8 has
 * outgrown goes on referring to what it held and to the table after it, so that once one of them is old the garbage
 * collector copies every value that there ever was, until its next full round.
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

  /** Adds an entry; none with this key may be there. */
  add(key: Key, value: Value): void {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#slots.set(key, slot);
    this.#values[slot] = value;
  }

  /** Deletes an entry, or with a value only one that has it. */
  delete(key: Key, value?: Value): void {
    const slot = this.#slots.get(key);
    if (slot === undefined || (value !== undefined && this.#values[slot] !== value)) return;
    this.#slots.delete(key);
    this.#values[slot] = undefined;
    this.#free.push(slot);
  }

  /** Takes out what was added first. */
  takeOldest(): Value | undefined {
    const oldest = this.#slots.entries().next();
    if (oldest.done) return undefined;
    const [key, slot] = oldest.value;
    const value = this.#values[slot];
    this.delete(key);
    return value;
  }

  /** All values, of which any may be deleted meanwhile. */
  *values(): IterableIterator<Value> {
    for (const slot of this.#slots.values()) yield this.#values[slot] as Value;
  }
}
