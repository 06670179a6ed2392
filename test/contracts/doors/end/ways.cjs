// Ways to end a process, by the names of the rows that use them. Each gets the server, installs its handlers, and returns what `/end` calls.
const cluster = require('node:cluster');
const { readFile } = require('node:fs');
const { isMainThread, Worker } = require('node:worker_threads');

const say = (text) => void process.stdout.write(`${text}\n`);
const wait = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
const killMyself = (signal = 'SIGTERM') => process.kill(process.pid, signal);

/** A handler of signals that closes the server, waits for a database to be closed, and exits. */
const closesFor =
  (signals, millis, exitCode = 0) =>
  (server) => {
    const close = async (signal) => {
      say(`closing after ${signal}`);
      server.close();
      if (millis > 0) await wait(millis);
      process.exit(exitCode);
    };
    for (const signal of signals) process.on(signal, close);
  };

/** A handler that goes on. */
const staysAt = (signal) => () => {
  process.on(signal, () => say('still there'));
  return () => process.exit(3);
};

/** A signal is the last act of the process. */
const killsFrom = (act) => (server) => () => server.close(() => act(killMyself));

/** As ora, proper-lockfile and many others clean up. */
const cleansUp = (onExit) => () => {
  onExit((code, signal) => say(`cleaned up: ${code} ${signal}`));
  return () => process.exit(3);
};

/** A server in a worker thread, which ends as the way says. */
const inWorker = (way) => ({
  run(serve, file) {
    if (isMainThread) new Worker(file);
    else serve(way);
  },
});

module.exports = {
  'exit in a handler': () => () => process.exit(3),
  'exit code': (server) => () => {
    process.exitCode = 4;
    server.close();
  },
  'empty event loop': (server) => () => server.close(),
  'uncaught error': () => () => {
    throw new Error('a bug of the application');
  },
  'exit in a listener of exit': (server) => {
    process.on('exit', () => process.exit(4));
    return () => server.close();
  },
  'listener of beforeExit': (server) => {
    process.on('beforeExit', () => say('beforeExit'));
    return () => server.close();
  },
  'hits of a listener of exit': (server) => {
    process.on('exit', () => {
      if (!process.env.MATOMO_URL) return;
      const { trackHit } = require('opentelemetry-matomo');
      for (const name of ['bye', 'again']) trackHit({ e_c: 'exit', e_a: name, uid: 'ann' });
    });
    return () => server.close();
  },
  'no handler': () => () => undefined,
  drains: (server) => void process.on('SIGTERM', () => server.close()),
  'closes once': (server) => {
    const close = () => {
      say('closing');
      server.close();
      setTimeout(() => process.exit(0), 60_000);
    };
    process.once('SIGTERM', close);
    process.once('SIGINT', close);
  },
  'removes all listeners and exits': () => {
    process.on('SIGTERM', () => {
      process.removeAllListeners();
      process.exit(5);
    });
  },
  'exits at once': closesFor(['SIGTERM', 'SIGINT'], 0, 5),
  'exits after 30 ms': closesFor(['SIGTERM', 'SIGINT'], 30),
  'exits after 300 ms': closesFor(['SIGTERM', 'SIGINT'], 300),
  'exits after 700 ms': closesFor(['SIGTERM', 'SIGINT'], 700),
  'stays at SIGTERM': staysAt('SIGTERM'),
  'stays at SIGINT': staysAt('SIGINT'),
  'stays at SIGHUP': staysAt('SIGHUP'),
  'stays at SIGUSR2': staysAt('SIGUSR2'),
  'sends SIGUSR2 again, as nodemon says': (server) => {
    process.once('SIGUSR2', () => server.close(() => killMyself('SIGUSR2')));
  },
  'kills itself from fs': killsFrom((kill) => readFile(__filename, () => kill())),
  'kills itself in beforeExit': (server) => {
    process.once('beforeExit', () => killMyself());
    return () => server.close();
  },
  'kills itself in a handler': () => {
    process.once('SIGTERM', () => {
      say('closing');
      killMyself();
    });
  },
  'signal-exit 3': cleansUp((listener) => require('signal-exit-3')(listener)),
  'signal-exit 4': cleansUp((listener) => require('signal-exit-4').onExit(listener)),
  'worker that exits': inWorker(() => () => process.exit()),
  'worker with an empty event loop': inWorker((server) => () => server.close()),
  'worker that fails': inWorker(() => () => {
    throw new Error('a bug of the application');
  }),
  'worker without an end': inWorker(() => undefined),
  'cluster worker': {
    run(serve) {
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        process.on('SIGTERM', () => worker.process.kill('SIGTERM'));
        worker.on('exit', (code, signal) => say(`worker: ${code} ${signal}`));
      } else serve(() => undefined);
    },
  },
  'cluster worker that disconnects': {
    run(serve) {
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        process.on('SIGTERM', () => worker.disconnect());
        worker.on('exit', (code, signal) => say(`worker: ${code} ${signal}`));
      } else serve(() => undefined);
    },
  },
  'PID 1': () => () => {
    const { SIGNAL, THEN } = process.env;
    killMyself(SIGNAL);
    if (THEN) setTimeout(() => killMyself(THEN), 20);
  },
  'PID 1 exits': () => () => process.exit(3),
};
