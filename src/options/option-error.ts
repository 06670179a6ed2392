import { PREFIX } from '../common/diagnostics.js';
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

/** The message of an error for a line that begins with the name of the package. */
export function problemOf(error: unknown): string {
  const { message } = error as Error;
  return message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
}
