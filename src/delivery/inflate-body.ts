type Zlib = typeof import('node:zlib');

/**
 * A body without its content encoding, or as it came if it cannot be inflated to at most `maxBytes`. It is asked for without
 * encoding, but some proxies compress anyway, so node:zlib is loaded only then.
 */
export function inflateBody(body: Buffer, encoding: string | undefined, maxBytes: number): Buffer {
  const inflate = encoding && inflaterFor(encoding.trim().toLowerCase());
  if (!inflate) return body;
  try {
    return inflate(process.getBuiltinModule('node:zlib'), body, maxBytes);
  } catch {
    return body;
  }
}

function inflaterFor(encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return (zlib: Zlib, body: Buffer, maxOutputLength: number) =>
        zlib.unzipSync(body, { maxOutputLength });
    case 'br':
      return (zlib: Zlib, body: Buffer, maxOutputLength: number) =>
        zlib.brotliDecompressSync(body, { maxOutputLength });
    default:
      return undefined;
  }
}
