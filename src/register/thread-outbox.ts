import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import {
  type DroppedCounts,
  type ForwardedItem,
  toCloneable,
} from '../requests/forwarded-request.js';
import type { ThreadChannel } from './threads.js';

/** How many requests and hits wait until the main thread answers, which may be busy while its workers start. */
const MAX_UNPOSTED = 10_000;

/** Posts requests and hits to the main thread, in order. Until the main thread answers for the first time, they wait. */
export class ThreadOutbox {
  readonly #channel: Pick<ThreadChannel, 'post'>;
  readonly #diagnostics: Pick<Diagnostics, 'warnOnce'>;
  #unposted: ForwardedItem[] | undefined = [];
  /** Counted in the main thread, once it answers. */
  #dropped: DroppedCounts = NOTHING;

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
    else {
      this.#diagnostics.warnOnce('unposted', coded('queue-full', TOO_MANY_UNPOSTED));
      this.drop(hitsIn(forwarded));
    }
  }

  /** Counts what was dropped, in the main thread. */
  drop(counts: Partial<DroppedCounts>): void {
    this.#dropped = sumOf(this.#dropped, counts);
    if (!this.#unposted) this.#postDropped();
  }

  /** The main thread receives messages, or there is no later chance to post them. */
  open(): void {
    const unposted = this.#unposted ?? [];
    this.#unposted = undefined;
    for (const forwarded of unposted) this.#post(forwarded);
    if (this.#dropped !== NOTHING) this.#postDropped();
  }

  #postDropped(): void {
    const dropped = this.#dropped;
    this.#dropped = NOTHING;
    try {
      this.#channel.post({ kind: 'request', forwarded: { dropped } });
    } catch (error) {
      this.#diagnostics.warnOnce('not posted', coded('internal-error', notPosted(error)));
    }
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
      this.drop(hitsIn(forwarded));
    }
  }
}

const NOTHING: DroppedCounts = {
  pageViews: 0,
  furtherHits: 0,
  tooMany: 0,
  invalid: 0,
  unusedSpans: 0,
};

function sumOf(counts: DroppedCounts, added: Partial<DroppedCounts>): DroppedCounts {
  const sum = { ...counts };
  for (const name of Object.keys(sum) as (keyof DroppedCounts)[]) sum[name] += added[name] ?? 0;
  return sum;
}

/** The hits that an item would have made. */
function hitsIn(forwarded: ForwardedItem): Partial<DroppedCounts> {
  if ('hit' in forwarded) return { furtherHits: 1 };
  const { isKnown, furtherHits = [] } = forwarded;
  return { pageViews: isKnown ? 0 : 1, furtherHits: furtherHits.length };
}

function notPosted(error: unknown): string {
  return `A worker thread cannot send a request, a hit or counts to the main thread (${describeError(error)}). Requests and hits are lost. Please report this.`;
}

const TOO_MANY_UNPOSTED =
  `A worker thread has ${MAX_UNPOSTED} requests and hits for the main thread, which has not answered yet. Further ones are lost ` +
  'and counted as queue_full until it answers. Load opentelemetry-matomo/register in the main thread, and do not block it while workers start.';
