import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Worker,
} from 'node:worker_threads';
import { DetachedScope } from '../common/timers.js';
import { EXIT_WAITS } from '../delivery/exit/exit-waits.js';
import type {
  ForwardedCounts,
  ForwardedItem,
  ThreadOptions,
} from '../requests/forwarded-request.js';

/** Messages between threads. A worker sends `hello` and waits for `here` of the main thread, then it sends requests. */
export type ThreadMessage =
  | { readonly kind: 'hello' }
  /** The main thread receives requests. Without options, it does not track yet. */
  | { readonly kind: 'here'; readonly options: ThreadOptions | undefined }
  /** A worker has stopped tracking. It may say hello again. */
  | { readonly kind: 'bye' }
  /** Asks a worker for all its requests, at the end also for those with open responses; the worker answers `flushed` after them. */
  | { readonly kind: 'flush'; readonly isLast: boolean }
  | { readonly kind: 'flushed' }
  /** A worker started or ended a worker of its own. */
  | { readonly kind: 'started' | 'ended'; readonly threadId: number }
  | { readonly kind: 'request'; readonly forwarded: ForwardedItem | ForwardedCounts };

export interface ThreadChannel {
  post(message: ThreadMessage): void;
  /** Handles messages that have arrived, without waiting for the event loop. */
  drain(): void;
  close(): void;
}

/** Node.js also takes a `BroadcastChannel`, which its types do not say. */
const ports: {
  receiveMessageOnPort(port: MessagePort | BroadcastChannel): { message: unknown } | undefined;
} = { receiveMessageOnPort };

/** Opens a channel between the main thread and one worker, separate from the application's own messages. */
export function openThreadChannel(
  threadId: number,
  onMessage: (message: ThreadMessage) => void,
): ThreadChannel {
  const channel = new BroadcastChannel(`opentelemetry-matomo ${threadId}`);
  channel.unref();
  channel.onmessage = (event: unknown) => onMessage((event as { data: ThreadMessage }).data);
  return {
    post: (message) => channel.postMessage(message),
    drain() {
      for (;;) {
        const received = ports.receiveMessageOnPort(channel);
        if (!received) return;
        onMessage(received.message as ThreadMessage);
      }
    },
    close: () => channel.close(),
  };
}

/** A worker, as the main thread knows it. */
interface Thread {
  readonly channel: ThreadChannel;
  /** The worker that started it; `undefined` for the main thread. */
  readonly parentId: number | undefined;
  isServing: boolean;
  hasEnded: boolean;
  isFlushing: boolean;
}

/**
 * In the main thread: adds the requests of all workers, also of workers of workers. Returns a function that waits,
 * blocking this thread, for requests that workers have not sent yet. `options` are sent to workers.
 */
export function receiveRequests(
  add: (forwarded: ForwardedItem | ForwardedCounts) => void,
  onServing: () => void,
  options: () => ThreadOptions | undefined,
): (isLast: boolean) => void {
  const threads = new Map<number, Thread>();

  function open(threadId: number, parentId?: number): void {
    const channel = openThreadChannel(threadId, onMessage);
    const thread: Thread = {
      channel,
      parentId,
      isServing: false,
      hasEnded: false,
      isFlushing: false,
    };
    threads.set(threadId, thread);
    channel.post({ kind: 'here', options: options() }); // the worker may have said hello before

    function onMessage(message: ThreadMessage): void {
      if (message.kind === 'request') add(message.forwarded);
      else if (message.kind === 'flushed') thread.isFlushing = false;
      else if (message.kind === 'started') open(message.threadId, threadId);
      else if (message.kind === 'ended') close(message.threadId);
      else if (message.kind === 'hello') onHello();
      else if (message.kind === 'bye') thread.isServing = false;
    }

    function onHello(): void {
      onServing();
      channel.post({ kind: 'here', options: options() });
      thread.isServing = true;
    }
  }

  /** Closes later: the last messages of the workers of a worker may not have been read yet. */
  function close(threadId: number): void {
    const thread = threads.get(threadId);
    if (!thread || thread.hasEnded) return;
    thread.hasEnded = true;
    thread.channel.drain(); // a listener of the application may end the process before the next turn
    closeWorkersOf(threadId);
    setImmediate(() => {
      thread.channel.drain();
      thread.channel.close();
      threads.delete(threadId);
      closeWorkersOf(threadId); // one of the last messages may have announced a worker
    });
  }

  /** Node.js ends the workers of a worker with it, and nothing announces their end. */
  function closeWorkersOf(threadId: number): void {
    for (const [id, { parentId }] of threads) if (parentId === threadId) close(id);
  }

  function collect(isLast: boolean): void {
    for (const thread of threads.values()) {
      if (!thread.isServing || thread.hasEnded) continue;
      thread.isFlushing = true;
      thread.channel.post({ kind: 'flush', isLast });
    }
    const deadline = performance.now() + EXIT_WAITS.threadsMillis;
    const isFlushing = () => [...threads.values()].some((thread) => thread.isFlushing);
    drain();
    while (isFlushing() && performance.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      drain();
    }
    for (const thread of threads.values()) thread.isFlushing = false;
  }

  function drain(): void {
    for (const { channel } of threads.values()) channel.drain();
  }

  watchWorkers(open, close);
  return collect;
}

/** In a worker: announces its own workers to the main thread. */
export function announceWorkers(threadId: number): void {
  let channel: ThreadChannel | undefined;
  const post = (kind: 'started' | 'ended') => (worker: number) => {
    channel ??= openThreadChannel(threadId, () => undefined);
    channel.post({ kind, threadId: worker });
  };
  watchWorkers(post('started'), post('ended'));
}

function watchWorkers(
  onStart: (threadId: number) => void,
  onEnd: (threadId: number) => void,
): void {
  // A request of the application may start a worker.
  const scope = new DetachedScope('opentelemetry-matomo');
  process.on('worker', (worker: Worker) => {
    const { threadId } = worker; // -1 when it has ended
    scope.runInAsyncScope(() => onStart(threadId));
    // First, because a listener of the application may end the process.
    worker.prependOnceListener('exit', () => scope.runInAsyncScope(() => onEnd(threadId)));
  });
}
