const MAX_BYTES = 4_294_967_295; // what Matomo's column holds

/** Attributes with the size of a response's body, the most reliable first. */
const SIZE_ATTRIBUTES = [
  'http.response.body.size',
  'http.response_content_length',
  'http.response.header.content-length',
  'http.response.header.content_length',
  'http.wrote_bytes',
  'response_size',
] as const;

/** Whether a response to this request has a body with a meaningful size. */
export function hasBody(method: string, statusCode: number): boolean {
  return method.toUpperCase() !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
}

/** The size from a span. Some instrumentations write it as text, or as the list of a captured header. */
export function readBodySize(attributes: Readonly<Record<string, unknown>>): number | undefined {
  for (const name of SIZE_ATTRIBUTES) {
    const value = attributes[name];
    const size = toSize(Array.isArray(value) ? value[0] : value);
    if (size !== undefined) return size;
  }
  return undefined;
}

/** A number of bytes, if it is whole and Matomo can store it. */
export function toSize(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,10}$/.test(value);
  const size = isDigits ? Number(value) : value;
  const isFit = typeof size === 'number' && Number.isInteger(size) && size >= 0;
  return isFit && size <= MAX_BYTES ? size : undefined;
}
