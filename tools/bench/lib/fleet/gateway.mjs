const EXPORT_MILLIS = 5000;
const GRACE_MILLIS = 2000;
const RETRY_MILLIS = 5000;
const ATTEMPTS = 2;

/**
 * A gateway: each service exports to it every five seconds, and each request waits two more for its spans. If it
 * is full it answers 503, and the service comes again after five seconds, once: JavaScript's exporter has ten.
 */
export class Gateway {
  /** Hits whose service has given up. */
  lost = 0;
  /** Hits that wait for their spans. */
  waiting = 0;
  #clock;
  #hasRoom;
  #push;

  constructor(clock, { hasRoom, push }) {
    this.#clock = clock;
    this.#hasRoom = hasRoom;
    this.#push = push;
  }

  /** `phase`, of 0 to 1: when the service exports. */
  export(hit, phase) {
    const sinceExport = (this.#clock.now + phase * EXPORT_MILLIS) % EXPORT_MILLIS;
    this.#clock.after(EXPORT_MILLIS - sinceExport, () => this.#receive(hit, ATTEMPTS));
  }

  #receive(hit, attempts) {
    if (!this.#hasRoom(this.waiting)) {
      if (attempts === 1) this.lost += 1;
      else this.#clock.after(RETRY_MILLIS, () => this.#receive(hit, attempts - 1));
      return;
    }
    this.waiting += 1;
    this.#clock.after(GRACE_MILLIS, () => {
      this.waiting -= 1;
      this.#push(hit);
    });
  }
}
