import type { HeldHit } from './read-hit.js';

/** Whether a hit is shown. */
export type Filter = (held: HeldHit) => boolean;

const TERM = /(?:([\w.]+):)?(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;

/**
 * Parses a filter. A hit has to match all terms: a word, anywhere in the hit, or `name:value` with the name of a parameter or
 * one of `endpoint`, `verdict`, `status`, `visitor`, `reason`. Quotes keep several words together.
 */
export function parseFilter(text: string, isParameter: (name: string) => boolean): Filter {
  const terms = [...text.matchAll(TERM)].map(([whole, name, quoted, plain]): Filter => {
    const value = (quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '').toLowerCase();
    if (name === undefined) return contains(value);
    return createFieldFilter(name, value, isParameter) ?? contains(whole.toLowerCase());
  });
  return (held) => terms.every((fits) => fits(held));
}

/** Formats a term for `parseFilter`. */
export function toTerm(name: string, value: string): string {
  return /^[^\s"\\]+$/.test(value)
    ? `${name}:${value}`
    : `${name}:"${value.replace(/["\\]/g, '\\$&')}"`;
}

function createFieldFilter(
  name: string,
  value: string,
  isParameter: (name: string) => boolean,
): Filter | undefined {
  switch (name) {
    case 'endpoint':
      return ({ title }) => title.toLowerCase() === value;
    case 'verdict':
      return ({ hit }) => hit.verdict === value;
    case 'visitor':
      return ({ visitor }) => visitor.toLowerCase().startsWith(value);
    case 'reason':
      return ({ hit }) => hit.reason?.toLowerCase().includes(value) === true;
    case 'status': {
      const digits = value.replace(/x+$/, '');
      return ({ status }) => status !== undefined && String(status).startsWith(digits);
    }
    default:
      if (!isParameter(name)) return undefined;
      return ({ hit }) => hit.params[name]?.toLowerCase().includes(value) === true;
  }
}

function contains(value: string): Filter {
  return ({ title, visitor, hit }) =>
    [title, visitor, hit.verdict, hit.reason ?? '', ...Object.values(hit.params)].some((text) =>
      text.toLowerCase().includes(value),
    );
}
