import { PREFIX, showWithout } from '../common/diagnostics.js';
import type { MessageCode } from '../common/messages.js';

/**
 * Thrown if an option in code is invalid: a `TypeError` with a `code`. There is no class to check with `instanceof`; check `code`,
 * which is the same in the ES module and the CommonJS build.
 *
 * @example
 * try { new MatomoSpanProcessor({ anonymizeIp: 7 }); } catch (error) { console.error(error.code); } // option-invalid
 */
export interface OptionError extends TypeError {
  /** The code of the message, see docs/messages.md. */
  readonly code: MessageCode;
}

export function optionError(problem: string): OptionError {
  return Object.assign(new TypeError(PREFIX + problem), { code: 'option-invalid' } as const);
}

/** In a text as JSON, everything before its last `@`: without a scheme, or with an unencoded password, it cannot be parsed as a URL. */
const USER_INFO = /([a-z][a-z\d+.-]*:\/\/)?(?:[^"\\]|\\.)*@/gi;
/** Such as the 32 hexadecimal digits of Matomo's tokens. */
const MAY_BE_TOKEN = /(?=[a-z_-]*\d)[\w-]{20,}/gi;

/** Removes what may be a secret from a value in a message: somebody may have swapped two variables. */
export function hideSecrets(text: string): string {
  return text.replace(USER_INFO, '$1…@').replace(MAY_BE_TOKEN, '…');
}

/** Formats the value of an option for a message. */
export function showValue(value: unknown): string {
  return showWithout(hideSecrets, value);
}

/** The message of an error for a line that begins with the name of the package. */
export function problemOf(error: unknown): string {
  const { message } = error as Error;
  return message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
}
