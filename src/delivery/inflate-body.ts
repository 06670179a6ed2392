type Zlib = typeof import('node:zlib');

/**
 * Decompresses a body. Returns it unchanged if it cannot be inflated to at most `maxBytes`. The request asks for no compression, but
 * some proxies compress anyway, so node:zlib is loaded on demand.
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
