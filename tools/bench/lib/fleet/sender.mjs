const BULK = 100;
const LONGEST_WAIT_MILLIS = 5000;
const MAX_QUEUE = 10_000;
const TIMEOUT_MILLIS = 30_000;
const FIRST_BACK_OFF_MILLIS = 1000;
const LONGEST_BACK_OFF_MILLIS = 60_000;

/**
 * One process as this package sends: one bulk in flight, as soon as a hundred hits wait or the oldest has waited five
 * seconds. With `slotMillis` it sends at fixed times instead: that long after the beginning of every five seconds.
 */
export class Sender {
  /** Hits that found no place in the queue, or whose bulk was not answered in time. */
  lost = 0;
  #clock;
  #matomo;
  #random;
  #isOrdered;
  #slotMillis;
  #maxQueue;
  #queue = [];
  #isSending = false;
  #isTimed = false;
  #failures = 0;
  #onStored;

  constructor(
    clock,
    matomo,
    random,
    { isOrdered = true, slotMillis, maxQueue = MAX_QUEUE, onStored },
  ) {
    this.#clock = clock;
    this.#matomo = matomo;
    this.#random = random;
    this.#isOrdered = isOrdered;
    this.#slotMillis = slotMillis;
    this.#maxQueue = maxQueue;
    this.#onStored = onStored;
  }

  get backlog() {
    return this.#queue.length;
  }

  hasRoom(more = 1) {
    return this.#queue.length + more <= this.#maxQueue;
  }

  push(hit) {
    if (!this.hasRoom()) {
      this.lost += 1;
      return;
    }
    this.#queue.push({ ...hit, queued: this.#clock.now });
    this.#schedule();
  }

  #schedule() {
    if (this.#isSending || this.#queue.length === 0) return;
    if (this.#slotMillis === undefined && this.#queue.length >= BULK) {
      this.#send(BULK);
      return;
    }
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#clock.after(this.#millisToGo(), () => {
      this.#isTimed = false;
      if (!this.#isSending) this.#send(this.#queue.length);
    });
  }

  #millisToGo() {
    const { now } = this.#clock;
    if (this.#slotMillis === undefined) {
      return Math.max(0, this.#queue[0].queued + LONGEST_WAIT_MILLIS - now);
    }
    const sinceSlot = (now - this.#slotMillis) % LONGEST_WAIT_MILLIS;
    return LONGEST_WAIT_MILLIS - ((sinceSlot + LONGEST_WAIT_MILLIS) % LONGEST_WAIT_MILLIS);
  }

  /** The `due` oldest, in bulks one after the other, and full bulks as long as there are some. */
  #send(due) {
    if (this.#queue.length === 0 || (due <= 0 && this.#queue.length < BULK)) {
      this.#isSending = false;
      this.#schedule();
      return;
    }
    this.#isSending = true;
    const hits = this.#queue.slice(0, BULK);
    const sent = this.#isOrdered ? hits.toSorted((a, b) => a.visitor - b.visitor) : hits;
    const begun = this.#clock.now;
    this.#matomo.receive(sent, (stored) => {
      const isLate = this.#clock.now - begun > TIMEOUT_MILLIS;
      if (stored || isLate) this.#queue.splice(0, hits.length);
      if (isLate) this.lost += hits.length;
      else if (stored) this.#onStored(hits);
      if (stored) {
        this.#failures = 0;
        this.#send(due - hits.length);
        return;
      }
      this.#clock.after(this.#backOff(), () => this.#send(due));
    });
  }

  #backOff() {
    const longest = FIRST_BACK_OFF_MILLIS * 2 ** this.#failures++;
    return this.#random() * Math.min(longest, LONGEST_BACK_OFF_MILLIS);
  }
}
