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

/** Places in the memory that both threads share. */
const ANSWERS = 0;
const IS_SENT = 1;

export interface BlockingTransportOptions {
  readonly url: URL;
  readonly userAgent: string;
  /** What a server in front of Matomo asks for. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Takes one bulk request to Matomo while the calling thread waits: for the end of a process, when nothing can be awaited. Throws if no thread can be started. */
export type SendSync = (body: Buffer, timeoutMillis: number) => Exchange;

/**
 * Sends from a `Worker`, started with the first request. It gets no flags and no environment, so that no preload runs in it and
 * nothing of the application is there. Its settings and bodies, which have the token, go by message only.
 */
export function createBlockingTransport(options: BlockingTransportOptions): SendSync {
  const state = new Int32Array(new SharedArrayBuffer(8));
  let port: MessagePort | undefined;

  return function sendSync(body, timeoutMillis) {
    const isFirst = port === undefined;
    port ??= startWorker(state);
    const answers = Atomics.load(state, ANSWERS);
    Atomics.store(state, IS_SENT, 0);
    const bytes = new Uint8Array(body); // a small `Buffer` is a part of memory that others share
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
  // In case the process goes on after all: neither may keep it alive or end it.
  worker.on('error', () => undefined);
  worker.unref();
  port1.unref();
  return port1;
}

/** What a connection of this thread takes from its environment and from defaults that the application may have changed. */
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
