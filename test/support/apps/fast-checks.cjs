// A preload for which a minute takes a tenth of a second, and the two seconds after a request no time.
const { setInterval: startInterval, setTimeout: startTimeout } = globalThis;
globalThis.setInterval = (run, millis, ...args) =>
  startInterval(run, millis === 60_000 ? 100 : millis, ...args);
globalThis.setTimeout = (run, millis, ...args) =>
  startTimeout(run, millis === 2_000 ? 0 : millis, ...args);
