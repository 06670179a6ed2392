// Ways of libraries that end processes. Those that are not in the repository are installed by the test, and found through LIBRARIES.
const { createRequire } = require('node:module');

const { LIBRARIES } = process.env;
const load = (name) => (LIBRARIES ? createRequire(LIBRARIES) : require)(name);
const say = (text) => void process.stdout.write(`${text}\n`);

/** As ora, proper-lockfile and many others clean up. */
const cleansUp = (onExit) => () => {
  onExit((code, signal) => say(`cleaned up: ${code} ${signal}`));
  return () => process.exit(3);
};

module.exports = {
  'signal-exit 3': cleansUp((listener) => require('signal-exit-3')(listener)),
  'signal-exit 4': cleansUp((listener) => require('signal-exit-4').onExit(listener)),
  'Nest with shutdown hooks': {
    async run() {
      require('reflect-metadata');
      const { Controller, Get, Module } = require('@nestjs/common');
      const { NestFactory } = require('@nestjs/core');
      class Pages {
        page() {
          return 'ok';
        }
        onApplicationShutdown(signal) {
          say(`hook after ${signal}`);
        }
      }
      const page = Object.getOwnPropertyDescriptor(Pages.prototype, 'page');
      Get(':page')(Pages.prototype, 'page', page);
      Controller()(Pages);
      class App {}
      Module({ controllers: [Pages] })(App);
      const app = await NestFactory.create(App, { logger: false });
      app.enableShutdownHooks();
      await app.listen(0, '127.0.0.1');
      say(await app.getUrl());
    },
  },
  terminus: (server) => {
    const onShutdown = async () => say('closed');
    load('@godaddy/terminus').createTerminus(server, {
      signals: ['SIGTERM', 'SIGINT'],
      onShutdown,
    });
  },
  'http-terminator': (server) => {
    const { terminate } = load('http-terminator').createHttpTerminator({ server });
    process.on('SIGTERM', () => void terminate().then(() => process.exit(0)));
  },
  'close-with-grace': (server) => {
    load('close-with-grace')({ delay: 5_000 }, () => new Promise((closed) => server.close(closed)));
    return () => {
      throw new Error('a bug of the application');
    };
  },
};
