/**
 * The source of the exit flush's worker thread, as text: a bundled application has no file of ours to start a worker from. It uses
 * only Node's own modules, which load in milliseconds. Each message is a body. The thread posts each part of the response as it comes,
 * with the number of the body: the calling thread reads it with the reader of all clients. `state[0]` counts the parts; `state[1]`
 * becomes 1 when bytes of the request may reach Matomo.
 */
export const EXIT_WORKER: string = `'use strict';
const { workerData: { port, state } } = require('node:worker_threads');
let settings;
let options;
let load;
let current;

port.on('message', ({ settings: given, number, body }) => {
  if (given) prepare(given);
  if (current) current.destroy(); // no more of it is read
  current = send(Buffer.from(body), (part) => {
    port.postMessage({ ...part, number });
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

function send(body, post) {
  let isSent = false;
  function fail(error) {
    post({ kind: isSent && !isTlsAlert(error) ? 'no_answer' : 'not_sent', error: toPlain(error) });
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
    post({ kind: 'head', status: response.statusCode, headers: response.headers });
    response.on('data', (chunk) => post({ kind: 'data', chunk }));
    response.on('end', () => {
      current = undefined; // its connection is used again
      post({ kind: 'end' });
    });
    response.on('error', fail);
  });
  request.end(body);
  return request;
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
