// A preload: at /snapshot, what a process is like, as names with texts. Of functions, the text is their code.
const { channel } = require('node:diagnostics_channel');
const { inspect } = require('node:util');
/** Of Node.js itself, with `--expose-internals`. */
const BINDING = 'internal/test/binding';
const { internalBinding } = require(BINDING);

const MODULES = [
  ...['async_hooks', 'buffer', 'child_process', 'cluster', 'crypto', 'diagnostics_channel', 'dns'],
  ...[
    'events',
    'fs',
    'http',
    'http2',
    'https',
    'module',
    'net',
    'os',
    'perf_hooks',
    'process',
    'stream',
  ],
  ...['timers', 'timers/promises', 'tls', 'url', 'util', 'vm', 'worker_threads', 'zlib'],
].map((name) => [name, require(name)]);
const CHANNELS = [
  ...['http.client.request.start', 'http.client.request.created', 'http.client.request.error'],
  ...['http.client.response.finish', 'http.server.request.start', 'http.server.response.created'],
  ...['http.server.response.finish', 'http2.server.stream.created', 'http2.server.stream.close'],
  ...['net.client.socket', 'net.server.socket', 'tracing:net.server.listen:asyncStart'],
  ...['undici:request:create', 'undici:client:connected', 'module.require.start', 'child_process'],
  ...['worker_threads', 'tracing:graphql:execute:start', 'tracing:fastify.request.handler:start'],
];
const CHANGING =
  /^(?:globalThis\.hostAnswers|process\.(?:_events|_eventsCount|argv|execArgv|title|pid|ppid|debugPort|domain|exitCode|report|moduleLoadList|stdout|stderr|stdin))\b/;
const warnings = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));
/** What was seen of Node's objects, by their names. */
const seen = {};

function textOf(value) {
  if (typeof value === 'function') return Function.prototype.toString.call(value);
  return typeof value === 'object' && value !== null ? 'object' : String(value);
}

/** Own properties, also hidden ones; of classes, those of their prototypes, too. */
function addProperties(texts, place, object) {
  for (const key of Reflect.ownKeys(object)) {
    const name = `${place}.${String(key)}`;
    if (CHANGING.test(name)) continue;
    const { enumerable, value, get, set } = Object.getOwnPropertyDescriptor(object, key);
    const text = (get ?? set) ? `getter ${textOf(get)} ${textOf(set)}` : textOf(value);
    texts[name] = `${enumerable ? '' : 'hidden '}${text}`;
    const isClass = typeof value === 'function' && /^[A-Z]/.test(String(key)) && value.prototype;
    if (isClass && !(`${name}.prototype.constructor` in texts))
      addProperties(texts, `${name}.prototype`, value.prototype);
  }
}

function see(name, object) {
  for (const key of Reflect.ownKeys(object)) {
    const { enumerable } = Object.getOwnPropertyDescriptor(object, key);
    seen[`property of ${name}: ${String(key)}`] = enumerable ? 'enumerable' : 'hidden';
  }
  for (const event of object.eventNames()) {
    seen[`listeners of ${name}: ${String(event)}`] = String(object.listenerCount(event));
  }
}

function snapshot() {
  const texts = {};
  addProperties(texts, 'globalThis', globalThis);
  addProperties(texts, 'process', process);
  for (const [name, module] of MODULES) addProperties(texts, name, module);
  for (const event of process.eventNames())
    texts[`listeners of ${String(event)}`] = String(process.listenerCount(event));
  for (const name of CHANNELS) texts[`channel ${name}`] = String(channel(name).hasSubscribers);
  for (const [name, value] of Object.entries(process.env)) texts[`environment ${name}`] = value;
  for (const file of Object.keys(require.cache))
    texts[`loaded ${file.slice(process.cwd().length)}`] = '';
  Object.assign(texts, seen, {
    cwd: process.cwd(),
    'max listeners': String(process.getMaxListeners()),
    'Error.prepareStackTrace': textOf(Error.prepareStackTrace),
    'Error.stackTraceLimit': String(Error.stackTraceLimit),
    resources: process.getActiveResourcesInfo().sort().join(),
    warnings: warnings.join(),
    'async hooks': internalBinding('async_wrap').async_hook_fields.slice(0, 4).join(),
    'stack trace': new Error('message').stack.replaceAll(/:\d+:\d+/g, ''),
  });
  return texts;
}

globalThis.hostAnswers = {
  ...globalThis.hostAnswers,
  '/snapshot': snapshot,
  '/see'(request, response) {
    see('a request', request);
    see('a response', response);
    see('a socket', request.socket);
    see('a server', request.socket.server);
    seen['a request as it is printed'] = inspect(request, { depth: 0 }).replaceAll(/\d+/g, '…');
    seen['a request as it is copied'] = Reflect.ownKeys({ ...request })
      .map(String)
      .join();
    response.on('finish', () => {
      see('a finished request', request);
      see('a finished response', response);
    });
    return 'ok';
  },
};
