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

export function wrongOption(message: string): OptionError {
  return Object.assign(new TypeError(message), { code: 'option-invalid' } as const);
}
