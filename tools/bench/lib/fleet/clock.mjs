/**
 * Virtual time: what is planned runs in the order of its times, and nothing waits. A binary heap:
 *
 *     each event is no earlier than the one at (i - 1) / 2
 */
export class Clock {
  now = 0;
  #events = [];

  /** Milliseconds from now. */
  after(millis, run) {
    const event = { time: this.now + millis, run };
    const events = this.#events;
    let i = events.push(event) - 1;
    while (i > 0) {
      const above = (i - 1) >> 1;
      if (events[above].time <= event.time) break;
      events[i] = events[above];
      i = above;
    }
    events[i] = event;
  }

  runUntil(time) {
    while (this.#events.length > 0 && this.#events[0].time <= time) {
      const event = this.#takeFirst();
      this.now = event.time;
      event.run();
    }
    this.now = time;
  }

  #takeFirst() {
    const events = this.#events;
    const [first] = events;
    const moved = events.pop();
    if (events.length === 0) return first;
    let i = 0;
    for (;;) {
      let below = 2 * i + 1;
      if (below >= events.length) break;
      if (below + 1 < events.length && events[below + 1].time < events[below].time) below += 1;
      if (events[below].time >= moved.time) break;
      events[i] = events[below];
      i = below;
    }
    events[i] = moved;
    return first;
  }
}
