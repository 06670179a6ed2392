import type { MessageCode } from '../../common/messages.js';

/** Matomo's API cannot be used. The command adds the effect to the message, because it knows what is already done. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly code: MessageCode;
  readonly advice: string;

  constructor(code: MessageCode, what: string, advice: string) {
    super(what);
    this.code = code;
    this.advice = advice;
  }
}
