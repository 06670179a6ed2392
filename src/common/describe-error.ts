/** Matches names and codes of errors, which contain no personal data of an application's users. */
const WORD = /^[\w$]{1,60}$/;
const POSITION = /^([\w./\\-]{1,200}:\d+:\d+)\)?$/;
const MAX_STACK_LENGTH = 10_000;
/** Describes an error that is a proxy or has getters that throw. */
const UNREADABLE = 'an error that cannot be read';

/**
 * Describes an error for a log: its name, its code, and the first position in this package. The message is left out, because it may contain the
 * address or the ID of a user.
 */
export function describeError(error: unknown): string {
  try {
    const position = error instanceof Error ? positionOf(error) : undefined;
    return position === undefined ? errorName(error) : `${errorName(error)} at ${position}`;
  } catch {
    return UNREADABLE;
  }
}

/** Name and code of an error. For an error of an application's callback, the position in this package is not useful. */
export function errorName(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `a ${typeof error}`;
    const { name, code } = error as NodeJS.ErrnoException;
    const words = [name, code].filter((word) => typeof word === 'string' && WORD.test(word));
    return words.length === 0 ? 'an error' : words.join(' ');
  } catch {
    return UNREADABLE;
  }
}

/** The code of an error of Node.js, else its message. The caller makes sure that the message has no personal data. */
export function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message ?? String(error);
}

/** The first position in this package, such as `chunks/delivery.js:1:2`; `undefined` if there is none, and in a bundle. */
function positionOf({ stack }: Error): string | undefined {
  const [own = ''] = framesOf(new Error().stack);
  const root = /[^\s(]*[\\/](?:dist[\\/]cjs|src)[\\/]/.exec(own)?.[0];
  if (root === undefined) return undefined;
  for (const frame of framesOf(stack)) {
    const start = frame.indexOf(root);
    const position = start < 0 ? undefined : POSITION.exec(frame.slice(start + root.length))?.[1];
    if (position !== undefined) return position.replaceAll('\\', '/');
  }
  return undefined;
}

/** The frames of a stack, without the message, which may have any text. */
function framesOf(stack: unknown): string[] {
  const lines = typeof stack === 'string' ? stack.slice(0, MAX_STACK_LENGTH).split('\n') : [];
  return lines.filter((line) => line.startsWith('    at '));
}
