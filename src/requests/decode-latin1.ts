/** Node gives header bytes as Latin-1, and WSGI those of the path; what is valid UTF-8 was meant as that. */
export function decodeLatin1(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}
