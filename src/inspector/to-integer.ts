const NUMERIC = /^[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\r\v\f]*$/i;

/** The number that a text is for PHP, or undefined where it is none. */
export function toNumber(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || !NUMERIC.test(text)) return undefined;
  return Number(text);
}

/** The integer that a text is exactly (`1e3`, ` 12`, `12.0`), or undefined where it is none. */
export function toInteger(text: string | null | undefined): number | undefined {
  const number = toNumber(text);
  return number !== undefined && Number.isInteger(number) && Math.abs(number) < 2 ** 63
    ? number
    : undefined;
}
