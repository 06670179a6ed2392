import { show } from '../common/diagnostics.js';
import { wrongOption } from './wrong-option.js';

const NAME = /^[!#$%&'*+\-.^_`|~\da-z]+$/;
/** Without line breaks, which would end the header. */
const VALUE = /^[\x20-\x7e\x80-\xff]+$/;
/** undici sets these itself. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers by lower-case name. Errors show neither name nor value: if the text cannot be parsed, all of it may be a secret. */
export function headers(name: string, value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notPairs(name);
  const parsed: Record<string, string> = {};
  for (const [given, content] of Object.entries(value)) {
    const header = given.trim().toLowerCase();
    const text = typeof content === 'string' ? content.trim() : '';
    if (!NAME.test(header) || !VALUE.test(text)) throw notPairs(name);
    if (OF_THE_REQUEST.has(header)) throw wrongOption(`${name} must not set ${header}`);
    parsed[header] = text;
  }
  return parsed;
}

/** Names of headers, in lower case and with dashes. */
export function headerNames(name: string, value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((given) => {
    const header = String(given).trim().toLowerCase().replaceAll('_', '-');
    if (typeof given === 'string' && NAME.test(header)) return header;
    throw wrongOption(`${name} must be a list of names of headers, got ${show(value)}`);
  });
}

function notPairs(name: string): TypeError {
  const wanted = 'names and values of HTTP headers, such as authorization=Basic …';
  return wrongOption(`${name} must be ${wanted}; its value is not shown, because it may be secret`);
}
