import type { ServerResponse } from 'node:http';
import type { HitLog } from './hit-log.js';

/** Server-sent events: hits as they arrive, many in one message. */
export interface HitEvents {
  /** Sends what is held, and then what comes, until the client goes. `lastId` is what it saw last, if anything. */
  follow(response: ServerResponse, lastId: string | undefined): void;
  /** Something in the log is new. */
  announce(): void;
  close(): void;
}

interface Follower {
  readonly response: ServerResponse;
  run: string;
  next: number;
  isBlocked: boolean;
}

const GATHER_MILLIS = 200;
const MAX_HITS_PER_MESSAGE = 500;

/**
 * A client that reads too slowly gets no more until it has read, and then misses what the log no longer holds: what
 * waits for it is one message, whatever comes.
 */
export function createHitEvents(log: HitLog): HitEvents {
  const followers = new Set<Follower>();
  let timer: NodeJS.Timeout | undefined;

  function follow(response: ServerResponse, lastId: string | undefined): void {
    const [run = '', next = ''] = lastId?.split('/') ?? [];
    const follower = { response, run, next: Number(next) || 0, isBlocked: false };
    followers.add(follower);
    response.on('close', () => followers.delete(follower));
    response.on('drain', () => {
      follower.isBlocked = false;
      send(follower);
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    send(follower);
  }

  function send(follower: Follower): void {
    while (!follower.isBlocked) {
      const message = nextMessage(follower);
      if (message === undefined) return;
      follower.isBlocked = !follower.response.write(message);
    }
  }

  function nextMessage(follower: Follower): string | undefined {
    if (follower.run !== log.run()) {
      follower.run = log.run();
      follower.next = 0;
      return toMessage(follower, 'start', {});
    }
    const oldest = log.oldest();
    const first = Math.max(follower.next, oldest);
    const hits = log.read(first, MAX_HITS_PER_MESSAGE);
    if (hits.length === 0) return undefined;
    follower.next = first + hits.length;
    return toMessage(follower, 'hits', { first, oldest, hits });
  }

  function announce(): void {
    if (timer !== undefined || followers.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      for (const follower of followers) send(follower);
    }, GATHER_MILLIS).unref();
  }

  return { follow, announce, close: () => clearTimeout(timer) };
}

function toMessage({ run, next }: Follower, event: string, data: unknown): string {
  return `event: ${event}\nid: ${run}/${next}\ndata: ${JSON.stringify(data)}\n\n`;
}
