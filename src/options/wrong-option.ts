import type { MessageCode } from '../common/messages.js';

/** What a constructor throws. `code` is the same in both builds, where `instanceof` is not. */
export function wrongOption(message: string): TypeError & { readonly code: MessageCode } {
  return Object.assign(new TypeError(message), { code: 'option-wrong' } as const);
}
