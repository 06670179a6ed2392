import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { EXIT_WORKER } from './exit-worker.js';
import { explainError } from './explain-error.js';
import { proxyRouteOf } from './proxy-route.js';
import type { Exchange } from './transport.js';

/** Indexes in the memory that both threads share. */
const ANSWERS = 0;
const IS_SENT = 1;

export interface BlockingTransportOptions {
  readonly url: URL;
  readonly userAgent: string;
  /** Headers for a server in front of Matomo. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Sends one bulk request while the calling thread is blocked, for the end of a process, when nothing can be awaited. Throws if
 * no worker thread can be started.
 */
export type SendSync = (body: Buffer, timeoutMillis: number) => Exchange;

/**
 * Sends from a worker thread, which starts with the first request. The thread gets no flags and no environment, so that no preload
 * runs in it. Settings and bodies, which contain the token, are only passed as messages.
 */
export function createBlockingTransport(options: BlockingTransportOptions): SendSync {
  const state = new Int32Array(new SharedArrayBuffer(8));
  let port: MessagePort | undefined;

  return function sendSync(body, timeoutMillis) {
    const isFirst = port === undefined;
    port ??= startWorker(state);
    const answers = Atomics.load(state, ANSWERS);
    Atomics.store(state, IS_SENT, 0);
    const bytes = new Uint8Array(body); // a copy: small `Buffer`s share one `ArrayBuffer`, which must not be transferred
    const settings = isFirst ? settingsOf(options) : undefined;
    port.postMessage({ settings, body: bytes }, [bytes.buffer]);
    Atomics.wait(state, ANSWERS, answers, timeoutMillis);
    const received = receiveMessageOnPort(port) as { message: Exchange } | undefined;
    return received ? withError(received.message) : timedOut(state, timeoutMillis);
  };
}

function startWorker(state: Int32Array): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(EXIT_WORKER, {
    eval: true,
    execArgv: [],
    argv: [],
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    workerData: { port: port2, state },
    transferList: [port2],
  });
  // If the process continues, the worker must neither keep it alive nor end it.
  worker.on('error', () => undefined);
  worker.unref();
  port1.unref();
  return port1;
}

/** Settings of this thread's connections that come from the environment, or from defaults that the application may have changed. */
function settingsOf({ url, userAgent, headers }: BlockingTransportOptions): object {
  const tls = process.getBuiltinModule('node:tls');
  const net = process.getBuiltinModule('node:net');
  const dns = process.getBuiltinModule('node:dns');
  return {
    url: url.href,
    userAgent,
    headers: headers ?? {},
    proxy: proxyRouteOf(url, process.env),
    tls: {
      minVersion: tls.DEFAULT_MIN_VERSION,
      maxVersion: tls.DEFAULT_MAX_VERSION,
      ciphers: tls.DEFAULT_CIPHERS,
      ecdhCurve: tls.DEFAULT_ECDH_CURVE,
      rejectUnauthorized: process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0',
    },
    family: {
      resultOrder: dns.getDefaultResultOrder(),
      autoSelect: net.getDefaultAutoSelectFamily(),
      attemptMillis: net.getDefaultAutoSelectFamilyAttemptTimeout(),
    },
  };
}

function withError(exchange: Exchange): Exchange {
  if (exchange.kind === 'answer') return exchange;
  const { message, ...properties } = exchange.error;
  return { ...exchange, error: explainError(Object.assign(new Error(message), properties)) };
}

function timedOut(state: Int32Array, timeoutMillis: number): Exchange {
  const isSent = Atomics.load(state, IS_SENT) === 1;
  const millis = Math.round(timeoutMillis);
  const error = new Error(`no ${isSent ? 'answer' : 'connection'} within ${millis} ms`);
  return { kind: isSent ? 'no_answer' : 'not_sent', error };
}
