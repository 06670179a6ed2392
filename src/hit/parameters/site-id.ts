/** A site ID from a number or its digits; `undefined` if it is invalid. */
export function toSiteId(value: unknown): number | undefined {
  const digits = typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value);
  const id = digits ? Number(value) : value;
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 2 ** 32 ? id : undefined;
}
