/** Counts durations for percentiles. */
export interface Times {
  add(millis: number): void;
  remove(millis: number): void;
  count(): number;
  /** Percentiles by nearest rank; `percents` must be ascending. Empty if there are no durations. */
  percentiles(...percents: number[]): number[];
}

export function createTimes(): Times {
  const counts = new Map<number, number>();
  let total = 0;
  return {
    add(millis) {
      counts.set(millis, (counts.get(millis) ?? 0) + 1);
      total += 1;
    },
    remove(millis) {
      const left = (counts.get(millis) ?? 0) - 1;
      if (left > 0) counts.set(millis, left);
      else counts.delete(millis);
      total -= 1;
    },
    count: () => total,
    percentiles(...percents) {
      const found: number[] = [];
      let seen = 0;
      for (const millis of [...counts.keys()].sort((a, b) => a - b)) {
        seen += counts.get(millis) as number;
        while (found.length < percents.length) {
          const rank = Math.max(1, Math.ceil(((percents[found.length] as number) / 100) * total));
          if (seen < rank) break;
          found.push(millis);
        }
      }
      return found;
    },
  };
}
