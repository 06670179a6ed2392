const MOST = 1000;
const LONGEST = 500;

/**
 * A function that remembers what it gave for keys that come again and again, as user agents and routes do. Memory is
 * bounded: of about `2 * most` keys those go first that have not been asked for longest, and long texts are not kept.
 */
export function remember<Key extends string | number, Value>(
  make: (key: Key) => Value,
  most: number = MOST,
): (key: Key) => Value {
  let recent = new Map<Key, Value>();
  let older = new Map<Key, Value>();
  return function remembered(key) {
    const known = recent.get(key);
    if (known !== undefined) return known;
    const value = older.get(key) ?? make(key);
    if (isLong(key)) return value;
    if (recent.size >= most) {
      older = recent;
      recent = new Map();
    }
    recent.set(key, value);
    return value;
  };
}

/** Like `remember`, by two keys: looking up both is cheaper than making one text of them. */
export function rememberBoth<A extends string | number, B extends string | number, Value>(
  make: (a: A, b: B) => Value,
  most: number = MOST,
): (a: A, b: B) => Value {
  let size = 0;
  let known = new Map<A, Map<B, Value>>();
  return function remembered(a, b) {
    const value = known.get(a)?.get(b);
    if (value !== undefined) return value;
    const made = make(a, b);
    if (isLong(a) || isLong(b)) return made;
    if (size >= most) {
      known = new Map();
      size = 0;
    }
    const ofA = known.get(a) ?? new Map<B, Value>();
    known.set(a, ofA.set(b, made));
    size += 1;
    return made;
  };
}

function isLong(key: string | number): boolean {
  return typeof key === 'string' && key.length > LONGEST;
}
