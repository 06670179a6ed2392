/**
 * Microseconds of the longest turn of the event loop until `isOver`. Makes little garbage: with promises, its own collection was the
 * longest turn on Node.js 20.
 */
export function longestTurn(isOver) {
  return new Promise((resolve) => {
    let longestMillis = 0;
    let last = performance.now();
    setImmediate(function turn() {
      const now = performance.now();
      longestMillis = Math.max(longestMillis, now - last);
      last = now;
      if (isOver()) resolve(longestMillis * 1000);
      else setImmediate(turn);
    });
  });
}
