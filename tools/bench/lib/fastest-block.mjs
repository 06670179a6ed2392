const WARM_UP = 3;

/** Nanoseconds of CPU per request, by task, in the fastest block of `passes` calls: others on the machine do not count. */
export function measureFastestBlock(tasks, { blocks, passes, requests }) {
  const nanos = Object.fromEntries(Object.keys(tasks).map((name) => [name, Infinity]));
  for (let block = -WARM_UP; block < blocks; block++) {
    for (const [name, run] of Object.entries(tasks)) {
      const begun = process.cpuUsage();
      for (let pass = 0; pass < passes; pass++) run();
      const { user, system } = process.cpuUsage(begun);
      const each = ((user + system) * 1000) / (requests * passes);
      if (block >= 0) nanos[name] = Math.min(nanos[name], each);
    }
  }
  return nanos;
}
