const MAX_URL_BYTES = 1024;

export { MAX_URL_BYTES };

/** The URL as Matomo stores it, or undefined where it has no scheme or host. */
export function toPageUrl(url: string): string | undefined {
  const match = /^\s*([a-z][a-z0-9+.-]*):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i.exec(url);
  if (match === null) return undefined;
  const [, scheme = '', host = '', path = '', query = ''] = match;
  return `${scheme.toLowerCase()}://${host.toLowerCase()}${path}${query}`;
}
