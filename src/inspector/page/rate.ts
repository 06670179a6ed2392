export const SECONDS = 60;

/** Counts arrivals in each of the last 60 seconds. */
interface Rate {
  add(epochMillis: number): void;
  /** The counts, oldest first, without the current second. */
  perSecond(epochMillis: number): number[];
}

export function createRate(): Rate {
  const counts = new Uint32Array(SECONDS + 1);
  /** The latest second in `counts`. The index of a second is its remainder. */
  let last = 0;

  function moveTo(second: number): void {
    for (let s = Math.max(last + 1, second - SECONDS); s <= second; s += 1) counts[placeOf(s)] = 0;
    last = Math.max(last, second);
  }

  return {
    add(epochMillis) {
      const second = Math.floor(epochMillis / 1000);
      if (second < last - SECONDS) return;
      moveTo(second);
      counts[placeOf(second)] = (counts[placeOf(second)] as number) + 1;
    },
    perSecond(epochMillis) {
      const now = Math.floor(epochMillis / 1000);
      moveTo(now);
      return Array.from(
        { length: SECONDS },
        (_, i) => counts[placeOf(now - SECONDS + i)] as number,
      );
    },
  };
}

function placeOf(second: number): number {
  return second % (SECONDS + 1);
}
