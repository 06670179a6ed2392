import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { type ForwardedItem, toCloneable } from '../requests/forwarded-request.js';
import type { ThreadChannel } from './threads.js';

/** How many requests and hits wait until the main thread answers, which may be busy while its workers start. */
const MAX_UNPOSTED = 10_000;

/** Posts requests and hits to the main thread, in order. Until the main thread answers for the first time, they wait. */
export class ThreadOutbox {
  readonly #channel: Pick<ThreadChannel, 'post'>;
  readonly #diagnostics: Pick<Diagnostics, 'warnOnce'>;
  #unposted: ForwardedItem[] | undefined = [];

  constructor(channel: Pick<ThreadChannel, 'post'>, diagnostics: Pick<Diagnostics, 'warnOnce'>) {
    this.#channel = channel;
    this.#diagnostics = diagnostics;
  }

  /** `undefined` if the main thread has answered. */
  get unpostedCount(): number | undefined {
    return this.#unposted?.length;
  }

  add(forwarded: ForwardedItem): void {
    if (!this.#unposted) this.#post(forwarded);
    else if (this.#unposted.length < MAX_UNPOSTED) this.#unposted.push(forwarded);
    else this.#diagnostics.warnOnce('unposted', coded('queue-full', TOO_MANY_UNPOSTED));
  }

  /** The main thread receives messages, or there is no later chance to post them. */
  open(): void {
    const unposted = this.#unposted ?? [];
    this.#unposted = undefined;
    for (const forwarded of unposted) this.#post(forwarded);
  }

  #post(forwarded: ForwardedItem): void {
    try {
      this.#channel.post({ kind: 'request', forwarded });
    } catch {
      this.#postCloneable(forwarded);
    }
  }

  #postCloneable(forwarded: ForwardedItem): void {
    try {
      this.#channel.post({ kind: 'request', forwarded: toCloneable(forwarded) });
    } catch (error) {
      this.#diagnostics.warnOnce('not posted', coded('internal-error', notPosted(error)));
    }
  }
}

function notPosted(error: unknown): string {
  return `A worker thread cannot send a request or hit to the main thread (${error}). It is lost and not counted. Please report this.`;
}

const TOO_MANY_UNPOSTED =
  `A worker thread has ${MAX_UNPOSTED} requests and hits for the main thread, which has not answered yet. Further ones are lost ` +
  'and not counted until it answers. Load opentelemetry-matomo/register in the main thread, and do not block it while workers start.';
