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
 * Call the returned function at each look. It returns since when there was no long pause between two, on the monotonic clock.
 */
export function noticePauses(deadMillis: number): () => number {
  let lookedMillis = performance.now();
  let sinceMillis = lookedMillis;
  return function lookedWithoutPauseSince() {
    const now = performance.now();
    if (now - lookedMillis > deadMillis / 3) sinceMillis = now;
    lookedMillis = now;
    return sinceMillis;
  };
}
