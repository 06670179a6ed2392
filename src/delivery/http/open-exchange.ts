import { type AnswerHeaders, AnswerReader } from './answer-reader.js';
import { explainError, provesNotHttp, provesUnsent } from './explain-error.js';
import { type Exchange, timedOut, unanswered } from './transport.js';

/** A request in flight: whichever client sends it reports here what happens, and the result is known once. */
export class OpenExchange {
  readonly result: Promise<Exchange>;
  #resolve: (exchange: Exchange) => void = () => undefined;
  #isSent = false;
  #isEnded = false;
  #reader: AnswerReader | undefined;
  #abortRequest: ((reason: Error) => void) | undefined;
  readonly #onSent: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `onSent` is called when Matomo may receive bytes of the request. */
  constructor(timeoutMillis: number, onSent?: () => void) {
    this.#onSent = onSent;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const abort = () => this.abort(timedOut(this.#isSent, timeoutMillis).error);
    // If this process was busy or stood still, the answer may be there already. It is read before that.
    this.#timer = setTimeout(() => setImmediate(abort), timeoutMillis).unref();
  }

  /** Whether Matomo may have received bytes of the request, and there is no result yet. */
  get isSending(): boolean {
    return this.#isSent && !this.#isEnded;
  }

  /** Sets how the request is aborted. If it has a result already, it is aborted now: it must not be sent later. */
  setAbort(abortRequest: (reason: Error) => void): void {
    this.#abortRequest = abortRequest;
    if (this.#isEnded) abortRequest(new Error('timed out before it was sent'));
  }

  /** From now on, Matomo may receive bytes of the request. */
  markSent(): void {
    this.#isSent = true;
    this.#onSent?.();
  }

  /** The status and the headers of a response. */
  start(status: number, headers: AnswerHeaders): void {
    this.#reader = new AnswerReader(status, headers);
  }

  /** A part of its body. */
  add(chunk: Uint8Array): void {
    if (this.#reader?.add(chunk) !== false) return;
    this.end();
    this.#abortRequest?.(new Error('answer too long'));
  }

  /** The response is complete. */
  end(): void {
    if (this.#reader) this.#end(this.#reader.toExchange());
  }

  fail(error: Error): void {
    const wasSent = this.#isSent && !provesUnsent(error);
    const isHttp = !this.#reader && provesNotHttp(error) ? false : undefined;
    this.#end(this.#knownByStatus ?? unanswered(wasSent, explainError(error), isHttp));
  }

  /** Ends the request. */
  abort(reason: Error): void {
    if (this.#isEnded) return;
    this.#end(this.#knownByStatus ?? unanswered(this.#isSent, reason));
    this.#abortRequest?.(reason);
  }

  /** The answer, if it is known without the end of the body. */
  get #knownByStatus(): Exchange | undefined {
    return this.#reader?.isKnownByStatus ? this.#reader.toExchange() : undefined;
  }

  #end(exchange: Exchange): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#resolve(exchange);
  }
}
