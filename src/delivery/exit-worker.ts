/**
 * The source of the exit flush's worker thread, as text: a bundled application has no file of ours to start a worker from. It uses
 * only Node's own modules, which load in milliseconds. Each message is a body; each answer is an `Exchange` whose error is a plain
 * object. `state[0]` counts answers; `state[1]` becomes 1 when bytes of the request may reach Matomo.
 */
export const EXIT_WORKER: string = `'use strict';
const { workerData: { port, state } } = require('node:worker_threads');
const MAX_ANSWER_BYTES = 65536;
let settings;
let options;
let load;

port.on('message', ({ settings: given, body }) => {
  if (given) prepare(given);
  send(Buffer.from(body), (exchange) => {
    port.postMessage(exchange);
    Atomics.add(state, 0, 1);
    Atomics.notify(state, 0);
  });
});

function prepare(given) {
  settings = given;
  const { url, tls, proxy, family } = settings;
  require('node:dns').setDefaultResultOrder(family.resultOrder);
  require('node:net').setDefaultAutoSelectFamily(family.autoSelect);
  require('node:net').setDefaultAutoSelectFamilyAttemptTimeout(family.attemptMillis);
  const isPlainProxy = proxy && !proxy.isTunnel;
  const { protocol, hostname, port, pathname, search, host } = new URL(isPlainProxy ? proxy.url : url);
  load = moduleOf(protocol);
  const agent = new load.Agent({ keepAlive: true, maxSockets: 1, ...tls });
  if (proxy && proxy.isTunnel) agent.createConnection = tunnel;
  const headers = {
    'user-agent': settings.userAgent, ...settings.headers,
    'content-type': 'application/json', 'accept-encoding': 'identity', host: new URL(url).host,
  };
  if (isPlainProxy) Object.assign(headers, proxy.headers);
  const path = isPlainProxy ? url : pathname + search;
  options = { method: 'POST', hostname: withoutBrackets(hostname), port, path, headers, agent };
}

/** Opens a connection through a proxy with CONNECT. */
function tunnel(_options, onSocket) {
  const { url, tls, proxy } = settings;
  const target = new URL(url);
  const isSecure = target.protocol === 'https:';
  const host = target.hostname + ':' + (target.port || (isSecure ? 443 : 80));
  const { protocol, hostname, port } = new URL(proxy.url);
  const headers = { ...proxy.headers, host, 'proxy-connection': 'keep-alive' };
  const request = moduleOf(protocol).request({
    method: 'CONNECT', hostname: withoutBrackets(hostname), port, path: host, headers, agent: false, ...tls,
  });
  request.on('error', onSocket);
  request.on('connect', ({ statusCode }, socket) => {
    if (statusCode !== 200) {
      socket.destroy();
      onSocket(new Error('Proxy response (' + statusCode + ') !== 200 when HTTP Tunneling'));
      return;
    }
    if (!isSecure) return onSocket(null, socket);
    const name = withoutBrackets(target.hostname);
    const servername = require('node:net').isIP(name) ? '' : name;
    const secured = require('node:tls').connect({ socket, host: name, servername, ALPNProtocols: ['http/1.1'], ...tls });
    secured.once('error', onSocket);
    secured.once('secureConnect', () => {
      secured.removeListener('error', onSocket);
      onSocket(null, secured);
    });
  });
  request.end();
}

function send(body, done) {
  let isDone = false;
  let isSent = false;
  function finish(exchange) {
    if (!isDone) done(exchange);
    isDone = true;
  }
  function fail(error) {
    finish({ kind: isSent && !isTlsAlert(error) ? 'no_answer' : 'not_sent', error: toPlain(error) });
  }
  function markSent() {
    isSent = true;
    Atomics.store(state, 1, 1);
  }
  const request = load.request({ ...options, headers: { ...options.headers, 'content-length': body.length } });
  request.on('socket', (socket) => {
    if (!socket.connecting && !socket.secureConnecting) markSent();
    else socket.once(socket.encrypted ? 'secureConnect' : 'connect', markSent);
  });
  request.on('error', fail);
  request.on('response', (response) => {
    const chunks = [];
    let size = 0;
    function answer() {
      const { statusCode: status, headers } = response;
      finish({
        kind: 'answer', status, contentType: headers['content-type'] || '', body: Buffer.concat(chunks).toString('utf8'),
        location: headers.location, retryAfter: headers['retry-after'], date: headers.date, authenticate: headers['www-authenticate'],
      });
    }
    response.on('data', (chunk) => {
      chunks.push(chunk.subarray(0, Math.max(0, MAX_ANSWER_BYTES - size)));
      size += chunk.length;
      if (size < MAX_ANSWER_BYTES) return;
      answer();
      request.destroy();
    });
    response.on('end', answer);
    response.on('error', fail);
  });
  request.end(body);
}

function moduleOf(protocol) {
  return require(protocol === 'https:' ? 'node:https' : 'node:http');
}

function withoutBrackets(hostname) {
  return hostname.replace(/^\\[|\\]$/g, '');
}

function isTlsAlert({ rawPacket }) {
  return rawPacket !== undefined && rawPacket[0] === 0x15 && rawPacket[1] === 3;
}

/** Copies the properties that explain an error, under the names that undici uses. */
function toPlain({ name, message, code, hostname, address, port, errors, rawPacket }) {
  if (rawPacket === undefined) return { name, message, code, hostname, address, port, errors: errors && errors.map(toPlain) };
  return { name: 'HTTPParserError', message, code, data: rawPacket.toString('latin1') };
}
`;
