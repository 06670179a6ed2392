const MAX_KEYS = 2000;
const MAX_KEY_CHARACTERS = 500;

/**
 * A map of bounded size for recurring keys, in two generations: when the recent one has half of `maxKeys` entries, the
 * older one is dropped. Entries that are read stay. Entries with a long text as key are not stored.
 * Keys are copied: they may be parts of long texts.
 */
export class GenerationCache<Key, Value> {
  readonly #maxRecent: number;
  #recent = new Map<Key, Value>();
  #older = new Map<Key, Value>();

  constructor(maxKeys: number = MAX_KEYS) {
    this.#maxRecent = maxKeys / 2;
  }

  get(key: Key): Value | undefined {
    if (this.#recent.size === 0) return undefined; // an empty map would hash each text, too
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: Key, value: Value): void {
    if (isLong(key)) return;
    if (this.#recent.size >= this.#maxRecent) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(copyKey(key), value);
  }
}

/**
 * The same for what is only derived from two keys, and can be derived again: emptied when it is full. Texts that are joined for one
 * lookup cost more than two lookups: V8 hashes the joined one each time.
 */
export class PairCache<First, Second, Value> {
  readonly #maxPairs: number;
  readonly #values = new Map<First, Map<Second, Value>>();
  #size = 0;

  constructor(maxPairs: number = MAX_KEYS) {
    this.#maxPairs = maxPairs;
  }

  get(first: First, second: Second): Value | undefined {
    return this.#values.get(first)?.get(second);
  }

  set(first: First, second: Second, value: Value): void {
    if (isLong(first) || isLong(second)) return;
    if (this.#size >= this.#maxPairs) {
      this.#values.clear();
      this.#size = 0;
    }
    const ofFirst = this.#values.get(first) ?? new Map<Second, Value>();
    if (ofFirst.size === 0) this.#values.set(copyKey(first), ofFirst);
    if (!ofFirst.has(second)) this.#size += 1;
    ofFirst.set(copyKey(second), value);
  }
}

/**
 * Remembers what a function of a text or number returns, unless that is `undefined`, or `mayKeep` refuses it: texts that are not
 * sent as they came must not stay in memory.
 */
export function memoize<Key extends string | number, Value>(
  make: (key: Key) => Value,
  mayKeep: (value: Value, key: Key) => boolean = () => true,
): (key: Key) => Value {
  const cache = new GenerationCache<Key, Value>();
  return function memoized(key) {
    const known = cache.get(key);
    if (known !== undefined) return known;
    if (isLong(key)) return make(key);
    const value = make(copyKey(key)); // the value may be a part of the key
    if (value !== undefined && mayKeep(value, key)) cache.set(key, value);
    return value;
  };
}

/** Remembers what a function of two texts or numbers returns, unless that is `undefined`. */
export function memoizePair<First extends string | number, Second extends string | number, Value>(
  make: (first: First, second: Second) => Value,
): (first: First, second: Second) => Value {
  const cache = new PairCache<First, Second, Value>();
  return function memoized(first, second) {
    const known = cache.get(first, second);
    if (known !== undefined) return known;
    if (isLong(first) || isLong(second)) return make(first, second);
    const value = make(copyKey(first), copyKey(second));
    if (value !== undefined) cache.set(first, second, value);
    return value;
  };
}

function isLong(key: unknown): boolean {
  return typeof key === 'string' && key.length > MAX_KEY_CHARACTERS;
}

/**
 * Copies a text that is kept. V8 stores a part of a text as a reference to the whole, which then stays in memory as long as the
 * part: 31 characters of a body can keep 300 kB.
 */
export function copyText(text: string): string {
  const copy = Buffer.from(text).toString();
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le'); // with lone surrogates
}

/** The same for what may be no text. */
function copyKey<Key>(key: Key): Key {
  return typeof key === 'string' ? (copyText(key) as Key) : key;
}
