// A preload that has something to clean up at the end of the process, as ora, proper-lockfile and many others.
const ON_EXIT = {
  3: () => require('signal-exit-3'),
  4: () => require('signal-exit-4').onExit,
};

const onExit = ON_EXIT[process.env.SIGNAL_EXIT]();
onExit((code, signal) => {
  process.stdout.write(`cleaned up: ${code} ${signal}\n`);
});
