import type { Delivery } from '../../../src/delivery/delivery.js';
import { kindOf, queryOf } from '../../support/named-hits.js';

/** A request that goes on. */
export interface SimulatedRequest {
  /** Makes a hit besides the page view, which waits for the end. */
  track(name: string): void;
  /** Ends, with a page view that is called so, if there is one. Returns the names of hits that there was room for. */
  end(page?: string): string[];
}

/** Requests of a process with hits besides their page views, which are queued as its pipeline does. */
export class SimulatedRequests {
  /** Hits that are not queued yet. */
  waiting = 0;
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  begin(visitor: string): SimulatedRequest {
    const startSeconds = Math.floor(Date.now() / 1000);
    const names: string[] = [];
    const push = (name: string) =>
      this.#delivery.push({
        site: 1,
        visitor,
        startSeconds,
        kind: kindOf(name),
        query: queryOf(name),
      });
    return {
      track: (name) => {
        names.push(name);
        this.waiting += 1;
      },
      end: (page) => {
        this.waiting -= names.length;
        return [...(page === undefined ? [] : [page]), ...names.splice(0)].filter(push);
      },
    };
  }
}
