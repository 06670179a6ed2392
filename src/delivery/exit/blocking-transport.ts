import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { builtin } from '../../common/unhooked.js';
import { proxyRouteOf } from '../http/proxy.js';
import { type Exchange, headersOf, type TransportOptions, timedOut } from '../http/transport.js';
import type { ExitRequest, ExitResult, ThreadDefaults, WorkerSettings } from './exit-worker.js';
import { EXIT_WORKER } from './exit-worker-code.js';

/** Indexes in `WorkerSettings.state`. */
const RESULTS = 0;
const IS_SENT = 1;

/**
 * Sends one bulk request while the calling thread is blocked, for the end of a process, when nothing can be awaited. Throws if
 * no worker thread can be started.
 */
type SendSync = (body: Buffer, timeoutMillis: number) => Exchange;

/**
 * Sends from a worker thread, which starts with the first request. The thread gets no flags and no environment, so that no preload
 * runs in it. Settings and bodies, which contain the token, are only passed as messages.
 */
export function createBlockingTransport(options: TransportOptions): SendSync {
  const state = new Int32Array(new SharedArrayBuffer(8));
  let port: MessagePort | undefined;
  let number = 0;

  return function sendSync(body, timeoutMillis) {
    const deadlineMillis = performance.now() + timeoutMillis;
    const settings = port === undefined ? settingsOf(options) : undefined;
    port ??= startWorker(state);
    number += 1;
    Atomics.store(state, IS_SENT, 0);
    const bytes = new Uint8Array(body); // a copy: small `Buffer`s share one `ArrayBuffer`, which must not be transferred
    const request: ExitRequest = { number, body: bytes, settings };
    port.postMessage(request, [bytes.buffer]);
    const exchange = receive(port, number, deadlineMillis);
    return exchange ?? timedOut(Atomics.load(state, IS_SENT) === 1, timeoutMillis);
  };

  /** Waits for the result of a request; `undefined` after the deadline. */
  function receive(from: MessagePort, of: number, deadlineMillis: number): Exchange | undefined {
    for (;;) {
      const results = Atomics.load(state, RESULTS);
      const received = receiveMessageOnPort(from) as { message: ExitResult } | undefined;
      if (received?.message.number === of) return received.message.exchange;
      if (received) continue;
      const leftMillis = deadlineMillis - performance.now();
      if (leftMillis <= 0) return undefined;
      Atomics.wait(state, RESULTS, results, leftMillis);
    }
  }
}

function startWorker(state: Int32Array): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const workerData: WorkerSettings = { port: port2, state };
  const worker = new Worker(EXIT_WORKER, {
    eval: true,
    execArgv: [],
    argv: [],
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    workerData,
    transferList: [port2],
  });
  // If the process continues, the worker must neither keep it alive nor end it.
  worker.on('error', () => undefined);
  worker.unref();
  port1.unref();
  return port1;
}

/** Settings of this thread's connections that come from the environment, or from defaults that the application may have changed. */
function settingsOf(options: TransportOptions): ExitRequest['settings'] {
  const tls = process.getBuiltinModule('node:tls');
  const net = builtin('node:net');
  const dns = builtin('node:dns');
  return {
    client: {
      url: options.url.href,
      headers: headersOf(options),
      proxy: proxyRouteOf(options.url, process.env),
      tls: {
        minVersion: tls.DEFAULT_MIN_VERSION,
        maxVersion: tls.DEFAULT_MAX_VERSION,
        ciphers: tls.DEFAULT_CIPHERS,
        ecdhCurve: tls.DEFAULT_ECDH_CURVE,
        rejectUnauthorized: process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0',
      },
    },
    defaults: {
      resultOrder: dns.getDefaultResultOrder() as ThreadDefaults['resultOrder'],
      autoSelect: net.getDefaultAutoSelectFamily(),
      attemptMillis: net.getDefaultAutoSelectFamilyAttemptTimeout(),
    },
  };
}
