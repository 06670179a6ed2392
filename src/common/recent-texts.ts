/** The longest text that is kept. */
const MAX_CHARACTERS = 500;
/** The number of characters of a text that are hashed, or up to twice as many. */
const HASHED_CHARACTERS = 32;

/**
 * Values of texts, or of pairs of texts, that come again and again: a table of fixed size with two places for texts that share a hash, of
 * which the later one replaces the earlier one. What is kept has come for the second time, so nothing is kept of a client that came once.
 */
export class RecentTexts<Value> {
  readonly #slots: number;
  #firsts: (string | undefined)[] = [];
  #seconds: (string | undefined)[] = [];
  #values: (Value | undefined)[] = [];
  /** Hashes of texts that were seen and not kept, the last two per pair of places. */
  #hashes: Int32Array = NO_HASHES;
  #latest: string | undefined = undefined;
  #latestSecond: string | undefined = undefined;
  #latestValue: Value | undefined = undefined;
  /** Whether the text that was not found last may be kept, because it had come before. */
  mayKeep = false;

  /** @param slots a power of two */
  constructor(slots: number) {
    this.#slots = slots;
  }

  find(first: string, second = ''): Value | undefined {
    // Most hosts and routes are the same object as before.
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

  /** The texts are copied: they may be parts of long ones. */
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
  // Texts often differ only in a few digits, which have to change the lower bits, too.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function stepOf({ length }: string): number {
  return length < 2 * HASHED_CHARACTERS ? 1 : (length / HASHED_CHARACTERS) | 0;
}

/**
 * Remembers what a function of a text returns, unless that is `undefined`, or `mayKeep` refuses it: texts that are not sent as they came must
 * not stay in memory.
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
 * A text as one that is no part of a longer one, and not made of parts. V8 stores a part as a reference to the whole, which then stays in
 * memory as long as the part; and what is made of parts is put together again in each text that contains it.
 */
export function copyText(text: string): string {
  const copy = Buffer.from(text).toString();
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le'); // with lone surrogates
}
