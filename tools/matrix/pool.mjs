/**
 * Runs `tasks` (functions), so many at a time; `onDone` is told of each result as it comes, and how many there
 * are then.
 */
export async function runPool(tasks, concurrency, onDone = () => undefined) {
  const results = [];
  let next = 0;
  let done = 0;
  async function work() {
    while (next < tasks.length) {
      const index = next++;
      results[index] = await tasks[index]();
      done += 1;
      onDone(results[index], done);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}
