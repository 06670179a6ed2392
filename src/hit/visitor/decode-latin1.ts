/**
 * Decodes a text whose bytes were read as Latin-1: as UTF-8 if they are valid, else unchanged. Node.js reads headers in that way,
 * and WSGI the path.
 */
export function decodeLatin1(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}
