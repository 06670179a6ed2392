import type { MessageCode } from '../common/messages.js';

/**
 * What constructors throw if an option is invalid. Check `code` rather than `instanceof`: it is the same in the ES module
 * and the CommonJS build.
 */
export interface OptionError extends TypeError {
  /** See docs/messages.md. */
  readonly code: MessageCode;
}

export function wrongOption(message: string): OptionError {
  return Object.assign(new TypeError(message), { code: 'option-wrong' } as const);
}
