import type { MessageCode } from '../../common/messages.js';

/** Why nothing more can be asked of Matomo's API. The command adds the effect, which depends on what is done by then. */
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
