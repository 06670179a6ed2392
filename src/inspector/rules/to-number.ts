const NUMERIC = /^[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\r\v\f]*$/i;
const INTEGER = /^\s*[+-]?\d+\s*$/;

/** A parameter: text, true in a JSON hit, null for an array, `undefined` if it was not sent. */
export type ParameterValue = string | true | null | undefined;

/** The number that PHP reads from a value; `undefined` if the value is not numeric. */
export function toNumber(value: ParameterValue): number | undefined {
  if (value === true) return 1;
  return typeof value === 'string' && NUMERIC.test(value) ? Number(value) : undefined;
}

/**
 * The integer that a value is exactly (`1e3`, ` 12`, `12.0`); `undefined` if it is not an integer or exceeds 64 bits.
 */
export function toInteger(value: ParameterValue): number | undefined {
  const number = toNumber(value);
  if (number === undefined || !Number.isInteger(number)) return undefined;
  // An integer has no negative zero.
  return fitsInto64Bits(String(value), number) ? number + 0 : undefined;
}

/** Whether a number is an integer of 64 bits; `number` is the rounded value of `text`. */
export function fitsInto64Bits(text: string, number: number): boolean {
  if (INTEGER.test(text)) {
    const exact = BigInt(text.trim().replace('+', ''));
    if (BigInt.asIntN(64, exact) === exact) return true;
  }
  return number >= -(2 ** 63) && number < 2 ** 63;
}

/** The number of `e_v` or a price: `1,5` is 1, other text that is not a number is 0. */
export function toAmount(text: string): number {
  if (/^\s|\s$/.test(text)) return 0;
  return toNumber(text) ?? toNumber(/^([+-]?\d+),\d+$/.exec(text)?.[1]) ?? 0;
}

/** A number as PHP writes it into text: 14 digits, `1.2345678901235E+19`. */
export function toNumberText(number: number): string {
  if (Number.isSafeInteger(number)) return String(number);
  const rounded = toStoredFloat(number);
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < 1e15)) return String(rounded);
  const [digits = '', exponent = ''] = rounded.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent}`;
}

/** A float after its way through PHP's text into the database. */
export function toStoredFloat(number: number): number {
  return Number(number.toPrecision(14));
}
