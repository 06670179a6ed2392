import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Worker,
} from 'node:worker_threads';
import type { Forwarded } from '../requests/forwarded-request.js';

/** What threads tell one another: `hello` of a worker, `here` of the main thread, then requests. */
export type ThreadMessage =
  | { readonly kind: 'hello' | 'here' }
  /** Asks a worker for all that it has, and its answer. */
  | { readonly kind: 'flush' | 'flushed' }
  /** Of a worker of a worker. */
  | { readonly kind: 'started' | 'ended'; readonly threadId: number }
  | { readonly kind: 'request'; readonly forwarded: Forwarded };

/** A worker answers at once unless it is busy. */
const COLLECT_MILLIS = 200;

export interface ThreadChannel {
  post(message: ThreadMessage): void;
  /** Hands over what has arrived, without waiting for the event loop. */
  drain(): void;
  close(): void;
}

/** Between the main thread and one worker; the application's own messages stay apart. */
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
 * In the main thread: has every worker's requests added, those of workers of workers too. Returns a function that collects
 * what workers have and not sent yet, while this thread waits.
 */
export function receiveRequests(
  add: (forwarded: Forwarded) => void,
  onServing: () => void,
): () => void {
  const channels = new Map<number, ThreadChannel>();
  /** Threads that serve. */
  const serving = new Set<number>();
  const unanswered = new Set<number>();

  function open(threadId: number): void {
    const channel = openThreadChannel(threadId, onMessage);
    channels.set(threadId, channel);
    channel.post({ kind: 'here' }); // to one that was faster

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
      // In front of what sends the hits of this thread at its end.
      if (serving.size === 0) process.prependListener('exit', collect);
      serving.add(threadId);
    }
  }

  /** Later: what a worker has sent at its end may not have been read. */
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

/** In a worker: its own workers are made known to the main thread. */
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
