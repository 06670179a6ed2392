import type { ServerResponse } from 'node:http';
import type { HitLog } from './hit-log.js';

/** Server-sent events with hits as they arrive, many in one message. */
export interface HitEvents {
  /** Sends all hits in the log, then new ones, until the client disconnects. `lastId` is the last event that it received. */
  follow(response: ServerResponse, lastId: string | undefined): void;
  /** Sends new hits to all clients. */
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
 * Creates the events of a log. At most one message waits for a slow client. When the client has read it, it gets the hits
 * that are still in the log.
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
