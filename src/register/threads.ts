import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Worker,
} from 'node:worker_threads';
import type { ForwardedItem } from '../requests/forwarded-request.js';

/** Messages between threads. A worker sends `hello` and waits for `here` of the main thread, then it sends requests. */
export type ThreadMessage =
  | { readonly kind: 'hello' | 'here' }
  /** Asks a worker for all its requests; the worker answers `flushed` after them. */
  | { readonly kind: 'flush' | 'flushed' }
  /** A worker started or ended a worker of its own. */
  | { readonly kind: 'started' | 'ended'; readonly threadId: number }
  | { readonly kind: 'request'; readonly forwarded: ForwardedItem };

/** A worker answers at once unless it is busy. */
const COLLECT_MILLIS = 500;

export interface ThreadChannel {
  post(message: ThreadMessage): void;
  /** Handles messages that have arrived, without waiting for the event loop. */
  drain(): void;
  close(): void;
}

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
        const received = receiveMessageOnPort(channel as unknown as MessagePort);
        if (!received) return;
        onMessage(received.message as ThreadMessage);
      }
    },
    close: () => channel.close(),
  };
}

/**
 * In the main thread: adds the requests of all workers, also of workers of workers. Returns a function that waits,
 * blocking this thread, for requests that workers have not sent yet.
 */
export function receiveRequests(
  add: (forwarded: ForwardedItem) => void,
  onServing: () => void,
): () => void {
  const channels = new Map<number, ThreadChannel>();
  /** Threads that serve. */
  const serving = new Set<number>();
  const unanswered = new Set<number>();

  function open(threadId: number): void {
    const channel = openThreadChannel(threadId, onMessage);
    channels.set(threadId, channel);
    channel.post({ kind: 'here' }); // the worker may have said hello before

    function onMessage(message: ThreadMessage): void {
      if (message.kind === 'request') add(message.forwarded);
      else if (message.kind === 'flushed') unanswered.delete(threadId);
      else if (message.kind === 'started') open(message.threadId);
      else if (message.kind === 'ended') close(message.threadId);
      else if (message.kind === 'hello') onHello();
    }

    function onHello(): void {
      channel.post({ kind: 'here' });
      onServing();
      // Before the listener that sends the hits of this thread.
      if (serving.size === 0) process.prependListener('exit', collect);
      serving.add(threadId);
    }
  }

  /** Closes later, because the last messages of a worker may not have been read yet. */
  function close(threadId: number): void {
    setImmediate(() => {
      serving.delete(threadId);
      if (serving.size === 0) process.removeListener('exit', collect);
      const channel = channels.get(threadId);
      channel?.drain();
      channel?.close();
      channels.delete(threadId);
    });
  }

  function collect(): void {
    for (const threadId of serving) {
      unanswered.add(threadId);
      channels.get(threadId)?.post({ kind: 'flush' });
    }
    const deadline = performance.now() + COLLECT_MILLIS;
    while (unanswered.size > 0 && performance.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      for (const threadId of serving) channels.get(threadId)?.drain();
    }
    unanswered.clear();
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
  process.on('worker', (worker: Worker) => {
    const { threadId } = worker; // -1 when it has ended
    onStart(threadId);
    worker.once('exit', () => onEnd(threadId));
  });
}
