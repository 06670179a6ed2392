/** Longer texts are not cached. */
const MAX_CHARACTERS = 500;
/** At least this many characters of a longer text are hashed, and at most twice as many. */
const HASHED_CHARACTERS = 32;

/**
 * Caches values of texts, or of pairs of texts, that occur repeatedly. The table has a fixed size and two slots for texts with the same hash. A new
 * text takes the first slot, whose text moves to the second. A text is cached only when it occurs again: nothing is kept of a client that came once.
 */
export class RecentTexts<Value> {
  readonly #slots: number;
  #firsts: (string | undefined)[] = [];
  #seconds: (string | undefined)[] = [];
  #values: (Value | undefined)[] = [];
  /** Hashes of texts that were seen once and not cached, the last two per pair of slots. */
  #hashes: Int32Array = NO_HASHES;
  #latest: string | undefined = undefined;
  #latestSecond: string | undefined = undefined;
  #latestValue: Value | undefined = undefined;
  /** Whether the text of the last unsuccessful `find` may be cached, because it had occurred before. */
  mayKeep = false;

  /** @param slots a power of two */
  constructor(slots: number) {
    this.#slots = slots;
  }

  find(first: string, second = ''): Value | undefined {
    // Most hosts and routes are the same as in the previous call, so strings are compared before they are hashed.
    if (first === this.#latest && second === this.#latestSecond) return this.#latestValue;
    if (this.#hashes === NO_HASHES) this.#open();
    const hash = hashOf(first, second);
    let slot = hash & (this.#slots - 2);
    if (this.#firsts[slot] !== first || this.#seconds[slot] !== second) {
      slot += 1;
      if (this.#firsts[slot] !== first || this.#seconds[slot] !== second) {
        const isLong = first.length > MAX_CHARACTERS || second.length > MAX_CHARACTERS;
        this.mayKeep = this.#hasSeen(hash) && !isLong;
        return undefined;
      }
    }
    this.#latest = this.#firsts[slot];
    this.#latestSecond = this.#seconds[slot];
    this.#latestValue = this.#values[slot];
    return this.#latestValue;
  }

  /** Caches a value. The texts are copied, because they may be substrings of long texts. */
  keep(value: Value, first: string, second = ''): void {
    const slot = hashOf(first, second) & (this.#slots - 2);
    if (this.#firsts[slot] !== first || this.#seconds[slot] !== second) {
      this.#firsts[slot + 1] = this.#firsts[slot];
      this.#seconds[slot + 1] = this.#seconds[slot];
      this.#values[slot + 1] = this.#values[slot];
      this.#firsts[slot] = copyText(first);
      this.#seconds[slot] = copyText(second);
    }
    this.#values[slot] = value;
    this.#latest = undefined;
  }

  #hasSeen(hash: number): boolean {
    const slot = hash & (this.#slots - 2);
    const latest = this.#hashes[slot] as number;
    if (latest === hash || this.#hashes[slot + 1] === hash) return true;
    this.#hashes[slot + 1] = latest;
    this.#hashes[slot] = hash;
    return false;
  }

  #open(): void {
    this.#firsts = new Array(this.#slots).fill(undefined);
    this.#seconds = new Array(this.#slots).fill(undefined);
    this.#values = new Array(this.#slots).fill(undefined);
    this.#hashes = new Int32Array(this.#slots);
  }
}

const NO_HASHES = new Int32Array(0);

function hashOf(first: string, second: string): number {
  let hash = first.length + 7 * second.length;
  for (let i = first.length - 1, step = stepOf(first); i >= 0; i -= step)
    hash = (Math.imul(hash, 31) + first.charCodeAt(i)) | 0;
  for (let i = second.length - 1, step = stepOf(second); i >= 0; i -= step)
    hash = (Math.imul(hash, 31) + second.charCodeAt(i)) | 0;
  // Texts often differ only in a few digits. The lower bits must depend on these, too.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function stepOf({ length }: string): number {
  return length < 2 * HASHED_CHARACTERS ? 1 : (length / HASHED_CHARACTERS) | 0;
}

/**
 * Caches the results of a function of a text, except `undefined` and results that `mayKeep` refuses. Texts that redaction changes must not stay in
 * memory.
 */
export function remember<Value>(
  slots: number,
  make: (text: string) => Value,
  mayKeep: (value: Value, text: string) => boolean = () => true,
): (text: string) => Value {
  const recent = new RecentTexts<Value>(slots);
  return function remembered(text) {
    const known = recent.find(text);
    if (known !== undefined) return known;
    if (!recent.mayKeep) return make(text);
    const kept = copyText(text); // the value may be a part of the text
    const made = make(kept);
    if (made === undefined || !mayKeep(made, kept)) return made;
    const value = typeof made === 'string' ? (copyText(made) as Value) : made;
    recent.keep(value, kept);
    return value;
  };
}

/**
 * Copies a text. V8 stores a substring as a reference to the whole text, which stays in memory as long as the substring. V8 also stores a
 * concatenation as its parts, and joins them again in each text that contains it. A copy has neither problem.
 */
export function copyText(text: string): string {
  const copy = Buffer.from(text).toString();
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le'); // with lone surrogates
}
