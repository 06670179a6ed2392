// When is a process dead, and how does another one take over its hits? A process has a heartbeat every 3 s (`JOURNAL_TIMES`). It is dead if it
// has marked its journal as ended, if its pid can be checked and is gone (in a folder), or if it had no heartbeat for 30 s. Others look for dead processes at
// each of their heartbeats, and take over the whole journal in one step that only one process can do: `file/take-over.ts` renames its folder,
// `redis/take-over.ts` its streams.
// A process that only stood still finds its journal gone at its next look (`Spool`), and goes on with a new one.

/** What a process has stored about itself. */
interface Described {
  /** `false`: its hits are sent without a token. */
  readonly hasToken?: unknown;
}

/** Whether a process may send the hits of a dead one: without a token, Matomo accepts neither addresses nor hits that are old. */
export function mayTakeOver(
  { hasToken }: { readonly hasToken: boolean },
  dead: Described,
): boolean {
  return hasToken || dead.hasToken === false;
}

/**
 * Notices that this process has stood still. All others may have, too, so that each gets `deadMillis` from then on to show that it is alive.
 */
export class Awake {
  readonly #longMillis: number;
  #lookedMillis: number = performance.now();
  #sinceMillis: number = performance.now();

  constructor(deadMillis: number) {
    this.#longMillis = deadMillis / 3;
  }

  /** Call this at each look. Returns since when there was no long pause between two, on the monotonic clock. */
  look(): number {
    const now = performance.now();
    if (now - this.#lookedMillis > this.#longMillis) this.#sinceMillis = now;
    this.#lookedMillis = now;
    return this.#sinceMillis;
  }
}
