// A preload for which a minute takes a tenth of a second.
const { setInterval: start } = globalThis;
globalThis.setInterval = (run, millis, ...args) =>
  start(run, millis === 60_000 ? 100 : millis, ...args);
