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

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
};
const PLAIN: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#039;': "'",
};

const TRIMMED = ' \t\n\r\0\v';

/** Trims like PHP: NUL, but no Unicode spaces. An expression would search for the end again from each space. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && TRIMMED.includes(text.charAt(start))) start += 1;
  while (end > start && TRIMMED.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Decodes the entities that escaping makes, as Matomo does before it escapes a text again. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#0?39);/g, (entity) => PLAIN[entity] ?? entity);
}

/** Escapes for HTML, without escaping twice, and removes NUL. Most texts are stored like this. */
export function escapeHtml(text: string): string {
  const plain = unescapeHtml(text).replaceAll('\0', '');
  return plain.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);
}

/** Cuts to a number of characters, not bytes or UTF-16 units. */
export function cutStoredCharacters(text: string, limit: number): string {
  return text.length <= limit ? text : Array.from(text).slice(0, limit).join('');
}

/** Marks the rest of a character that was cut. It occurs in no text that was sent. */
const BROKEN_CHARACTER = '\ud800';

/** Cuts to a number of bytes of UTF-8, as Matomo does, even through a character: see `isBroken`. */
export function cutStoredBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + (end < limit ? BROKEN_CHARACTER : '');
}

/** Whether a cut went through a character. A strict database refuses such a text. */
export function isBroken(text: string): boolean {
  return text.includes(BROKEN_CHARACTER) && /\p{Surrogate}/u.test(text);
}

/** The named entities of HTML 4.01 that PHP decodes by default, with their code points in hexadecimal. */
const NAMED = `quot:22 amp:26 lt:3c gt:3e
nbsp:a0 iexcl:a1 cent:a2 pound:a3 curren:a4 yen:a5 brvbar:a6 sect:a7 uml:a8 copy:a9 ordf:aa
laquo:ab not:ac shy:ad reg:ae macr:af deg:b0 plusmn:b1 sup2:b2 sup3:b3 acute:b4 micro:b5 para:b6
middot:b7 cedil:b8 sup1:b9 ordm:ba raquo:bb frac14:bc frac12:bd frac34:be iquest:bf Agrave:c0
Aacute:c1 Acirc:c2 Atilde:c3 Auml:c4 Aring:c5 AElig:c6 Ccedil:c7 Egrave:c8 Eacute:c9 Ecirc:ca
Euml:cb Igrave:cc Iacute:cd Icirc:ce Iuml:cf ETH:d0 Ntilde:d1 Ograve:d2 Oacute:d3 Ocirc:d4
Otilde:d5 Ouml:d6 times:d7 Oslash:d8 Ugrave:d9 Uacute:da Ucirc:db Uuml:dc Yacute:dd THORN:de
szlig:df agrave:e0 aacute:e1 acirc:e2 atilde:e3 auml:e4 aring:e5 aelig:e6 ccedil:e7 egrave:e8
eacute:e9 ecirc:ea euml:eb igrave:ec iacute:ed icirc:ee iuml:ef eth:f0 ntilde:f1 ograve:f2
oacute:f3 ocirc:f4 otilde:f5 ouml:f6 divide:f7 oslash:f8 ugrave:f9 uacute:fa ucirc:fb uuml:fc
yacute:fd thorn:fe yuml:ff OElig:152 oelig:153 Scaron:160 scaron:161 Yuml:178 fnof:192 circ:2c6
tilde:2dc Alpha:391 Beta:392 Gamma:393 Delta:394 Epsilon:395 Zeta:396 Eta:397 Theta:398 Iota:399
Kappa:39a Lambda:39b Mu:39c Nu:39d Xi:39e Omicron:39f Pi:3a0 Rho:3a1 Sigma:3a3 Tau:3a4
Upsilon:3a5 Phi:3a6 Chi:3a7 Psi:3a8 Omega:3a9 alpha:3b1 beta:3b2 gamma:3b3 delta:3b4 epsilon:3b5
zeta:3b6 eta:3b7 theta:3b8 iota:3b9 kappa:3ba lambda:3bb mu:3bc nu:3bd xi:3be omicron:3bf pi:3c0
rho:3c1 sigmaf:3c2 sigma:3c3 tau:3c4 upsilon:3c5 phi:3c6 chi:3c7 psi:3c8 omega:3c9 thetasym:3d1
upsih:3d2 piv:3d6 ensp:2002 emsp:2003 thinsp:2009 zwnj:200c zwj:200d lrm:200e rlm:200f
ndash:2013 mdash:2014 lsquo:2018 rsquo:2019 sbquo:201a ldquo:201c rdquo:201d bdquo:201e
dagger:2020 Dagger:2021 bull:2022 hellip:2026 permil:2030 prime:2032 Prime:2033 lsaquo:2039
rsaquo:203a oline:203e frasl:2044 euro:20ac image:2111 weierp:2118 real:211c trade:2122
alefsym:2135 larr:2190 uarr:2191 rarr:2192 darr:2193 harr:2194 crarr:21b5 lArr:21d0 uArr:21d1
rArr:21d2 dArr:21d3 hArr:21d4 forall:2200 part:2202 exist:2203 empty:2205 nabla:2207 isin:2208
notin:2209 ni:220b prod:220f sum:2211 minus:2212 lowast:2217 radic:221a prop:221d infin:221e
ang:2220 and:2227 or:2228 cap:2229 cup:222a int:222b there4:2234 sim:223c cong:2245 asymp:2248
ne:2260 equiv:2261 le:2264 ge:2265 sub:2282 sup:2283 nsub:2284 sube:2286 supe:2287 oplus:2295
otimes:2297 perp:22a5 sdot:22c5 lceil:2308 rceil:2309 lfloor:230a rfloor:230b lang:2329
rang:232a loz:25ca spades:2660 clubs:2663 hearts:2665 diams:2666`;

const CHARACTERS: ReadonlyMap<string, string> = new Map(
  NAMED.split(/\s/).map((entry) => {
    const [name = '', code = ''] = entry.split(':');
    return [name, String.fromCodePoint(Number.parseInt(code, 16))];
  }),
);

/** Decodes every HTML entity once, as Matomo does before it escapes a text. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,8})|#x([\da-f]{1,7})|([a-z][a-z\d]{1,7}));/gi, toCharacter);
}

function toCharacter(entity: string, decimal = '', hex = '', name = ''): string {
  if (name !== '') return CHARACTERS.get(name) ?? entity;
  const code = decimal === '' ? Number.parseInt(hex, 16) : Number(decimal);
  return isAllowed(code) ? String.fromCodePoint(code) : entity;
}

/** Whether HTML 4.01 allows a code point. Others are not decoded. */
function isAllowed(code: number): boolean {
  if (code === 0x09 || code === 0x0a || code === 0x0d) return true;
  if (code >= 0x20 && code <= 0x7e) return true;
  return (code >= 0xa0 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0x10ffff);
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const MAX_DEPTH = 512;

/** Whether PHP's JSON decoder accepts a value too: no lone surrogates, and at most 512 levels. */
export function isWellFormed(value: unknown, depth = 1): boolean {
  if (typeof value === 'string') return !LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  return Object.entries(value).every(
    ([name, item]) => !LONE_SURROGATE.test(name) && isWellFormed(item, depth + 1),
  );
}
