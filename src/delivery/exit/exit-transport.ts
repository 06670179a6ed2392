import { explainError } from '../http/explain-error.js';
import {
  type Exchange,
  type Transport,
  type TransportOptions,
  unanswered,
} from '../http/transport.js';
import { ExitThread } from './exit-thread.js';

/** A process that has not ended for this long after a signal goes on. */
const END_MILLIS = 30_000;

/**
 * The transport of a process that will end. While the process lives, `live` sends; when its end is expected, and while it is blocked, a
 * worker thread does, because `exit` can wait for that one. The thread starts with the first bulk that needs it. If none can be
 * started, `live` sends as before.
 */
export function createExitTransport(live: Transport, options: TransportOptions): Transport {
  let isEndExpected = false;
  let timer: NodeJS.Timeout | undefined;
  let thread: ExitThread | undefined;
  /** What has sent the latest request; `undefined`: `live`. */
  let used: ExitThread | undefined;
  let latest: Promise<Exchange> | undefined;

  function start(): ExitThread {
    thread ??= new ExitThread(options, goOn);
    return thread;
  }

  /** From now on, `live` sends. The thread ends when what it is sending has a result. */
  function goOn(): void {
    isEndExpected = false;
    const last = thread;
    thread = undefined;
    void latest?.then(() => last?.stop());
  }

  return {
    prepare: () => live.prepare?.(),

    isSending: () => used?.isSending ?? live.isSending?.() ?? true,

    send(body, timeoutMillis) {
      try {
        used = isEndExpected ? start() : undefined;
      } catch {
        isEndExpected = false; // Node.js' permission model may allow no worker threads
        used = undefined;
      }
      latest = (used ?? live).send(body, timeoutMillis);
      return latest;
    },

    expectEnd() {
      isEndExpected = true;
      clearTimeout(timer);
      timer = setTimeout(goOn, END_MILLIS).unref();
    },

    waitSync: (millis) => used?.waitSync(millis),

    sendSync(body, timeoutMillis) {
      try {
        used = start();
      } catch (error) {
        return unanswered(false, explainError(error as Error));
      }
      return used.sendSync(body, timeoutMillis);
    },

    async close() {
      clearTimeout(timer);
      const ending = [thread?.stop(), used?.stop(), live.close()];
      thread = undefined; // at `exit`, a new one sends
      await Promise.all(ending);
    },
  };
}
