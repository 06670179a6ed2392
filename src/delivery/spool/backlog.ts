/** With an interval of three seconds, ten minutes. */
const BEATS = 200;
const OLD_SECONDS = 60;

/** What a process knows of its spool at a beat. */
export interface BacklogBeat {
  readonly pending: number;
  /** Hits that Matomo has tracked or accepted so far. */
  readonly confirmed: number;
  /** Start of the oldest request whose hit waits, in epoch seconds. */
  readonly oldestSeconds: number;
}

/** Notices that more and more hits wait although Matomo confirms some: it processes fewer than this process makes. */
export class Backlog {
  #first: BacklogBeat | undefined;
  #beats = 0;

  /** Call this at each beat. Returns how many hits were pending ten minutes ago if there have been more ever since. */
  beat(now: BacklogBeat): number | undefined {
    if (!this.#first || now.pending <= this.#first.pending) {
      this.#first = now;
      this.#beats = 0;
      return undefined;
    }
    this.#beats += 1;
    if (this.#beats < BEATS) return undefined;
    const { pending, confirmed } = this.#first;
    this.#first = undefined;
    // Hits wait for a moment in any process.
    const isOld = Date.now() / 1000 - now.oldestSeconds > OLD_SECONDS;
    return isOld && now.confirmed > confirmed ? pending : undefined;
  }
}
