// Calls the functions of the package in many places of a request: its path is `/<id>/<end>?<place>,<place>…`. Each call has the ID of its
// request. `/begun/<id>` is answered when the handler of that request has begun. At its end, the process prints calls and counts as JSON.
const { AsyncResource } = require('node:async_hooks');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { stat } = require('node:fs');
const { createServer } = require('node:http');
const http2 = require('node:http2');
const { finished } = require('node:stream');
const { setTimeout: delay } = require('node:timers/promises');
const { gzip } = require('node:zlib');
const { annotate, forRequest, ignore, start, trackEvent } = require('opentelemetry-matomo');

const { stats } = start();
let calls = 0;
/** Callbacks of all requests, which whoever comes next calls. */
const pool = [];

/** By name: where `call` is called. */
const PLACES = {
  sync: (call) => call(),
  microtask: (call) => queueMicrotask(call),
  nextTick: (call) => process.nextTick(call),
  immediate: (call) => setImmediate(call),
  timer: (call) => setTimeout(call, 1),
  fs: (call) => stat(__filename, call),
  random: (call) => randomBytes(8, call),
  zlib: (call) => gzip('text', call),
  bound: (call) => pool.push(AsyncResource.bind(call)),
  pooled: (call, request) => {
    const own = forRequest(request);
    pool.push(() => call(own));
  },
  data: (call, request) => request.once('data', () => call()),
  end: (call, request) => request.once('end', () => call()),
  requestClose: (call, request) => request.once('close', () => call()),
  finish: (call, _request, response) => response.once('finish', () => call()),
  close: (call, _request, response) => response.once('close', () => call()),
  finished: (call, _request, response) => finished(response, () => call()),
  onceClosed: (call, _request, response) =>
    once(response, 'close').then(
      () => call(),
      () => call(),
    ),
  afterFinish: (call, _request, response) =>
    response.once('finish', () => setImmediate(() => call())),
  afterClose: (call, _request, response) => response.once('close', () => setTimeout(call, 3)),
};

const ENDS = {
  ends: (response) => response.end('ok'),
  async streams(response) {
    for (const part of ['a', 'b', 'c']) {
      response.write(part);
      await delay(1);
    }
    response.end();
  },
  /** The client leaves before the headers. */
  waits() {},
  /** The client leaves after the first part of the body. */
  stalls: (response) => response.write('some'),
  destroys: (response) => setTimeout(() => response.destroy(), 1),
};

/** By ID: resolves when the handler of the request has begun. */
const begun = new Map();
function beginningOf(id) {
  if (!begun.has(id)) begun.set(id, Promise.withResolvers?.() ?? withResolvers());
  return begun.get(id);
}

function withResolvers() {
  const resolvers = {};
  resolvers.promise = new Promise((resolve) => {
    resolvers.resolve = resolve;
  });
  return resolvers;
}

function listener(request, response) {
  const [path, query = ''] = request.url.split('?');
  const [, id, end] = path.split('/');
  if (id === 'begun') {
    ignore();
    beginningOf(end).promise.then(() => response.end());
    return;
  }
  annotate({ dimension1: id });
  for (const callback of pool.splice(0)) callback();
  for (const place of query.split(',').filter((name) => name !== '')) {
    let isCalled = false;
    const call = (functions) => {
      if (isCalled) return;
      isCalled = true;
      calls += 1;
      const track = functions?.trackEvent ?? trackEvent;
      track('call', place, { name: id });
    };
    PLACES[place]((functions) => call(functions?.trackEvent && functions), request, response);
  }
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  request.resume();
  Promise.resolve(ENDS[end](response)).catch(() => undefined);
  beginningOf(id).resolve();
}

const isHttp2 = process.env.PROTOCOL === 'h2c';
const server = isHttp2 ? http2.createServer(listener) : createServer(listener);
server.keepAliveTimeout = 0; // else a client may reuse a connection that is being closed
require('./listen.cjs')(server);
process.once('SIGTERM', () => {
  for (const callback of pool.splice(0)) callback();
  server.close();
  server.closeAllConnections?.();
});
process.once('exit', () => console.log(JSON.stringify({ calls, ...stats() })));
