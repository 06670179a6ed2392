import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { EXIT_WORKER } from '../exit/exit-worker.js';
import { AnswerReader } from './answer-reader.js';
import { explainError } from './explain-error.js';
import { proxyRouteOf } from './proxy-route.js';
import type { Exchange } from './transport.js';

/** Indexes in the memory that both threads share. */
const PARTS = 0;
const IS_SENT = 1;

/** What the worker posts of the response to the body with that number. */
type Part = { readonly number: number } & (
  | {
      readonly kind: 'head';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }
  | { readonly kind: 'data'; readonly chunk: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'not_sent' | 'no_answer'; readonly error: Error }
);

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
  let number = 0;

  return function sendSync(body, timeoutMillis) {
    const deadlineMillis = performance.now() + timeoutMillis;
    const settings = port === undefined ? settingsOf(options) : undefined;
    port ??= startWorker(state);
    number += 1;
    Atomics.store(state, IS_SENT, 0);
    const bytes = new Uint8Array(body); // a copy: small `Buffer`s share one `ArrayBuffer`, which must not be transferred
    port.postMessage({ settings, number, body: bytes }, [bytes.buffer]);
    return receive(port, number, deadlineMillis) ?? timedOut(state, timeoutMillis);
  };

  /** Reads the response to a body; `undefined` after the deadline. */
  function receive(from: MessagePort, of: number, deadlineMillis: number): Exchange | undefined {
    let reader: AnswerReader | undefined;
    for (;;) {
      const parts = Atomics.load(state, PARTS);
      const received = receiveMessageOnPort(from) as { message: Part } | undefined;
      const leftMillis = deadlineMillis - performance.now();
      if (received && received.message.number === of) {
        const part = received.message;
        if (part.kind === 'head') reader = new AnswerReader(part.status, part.headers);
        else if (part.kind === 'data' && reader?.add(part.chunk) === false)
          return reader.toExchange();
        else if (part.kind === 'end') return reader?.toExchange();
        else if (part.kind !== 'data') return toFailure(part.kind, part.error);
      } else if (!received) {
        if (leftMillis <= 0) return undefined;
        Atomics.wait(state, PARTS, parts, leftMillis);
      }
    }
  }
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

function toFailure(kind: 'not_sent' | 'no_answer', error: Error): Exchange {
  const { message, ...properties } = error;
  return { kind, error: explainError(Object.assign(new Error(message), properties)) };
}

function timedOut(state: Int32Array, timeoutMillis: number): Exchange {
  const isSent = Atomics.load(state, IS_SENT) === 1;
  const millis = Math.round(timeoutMillis);
  const error = new Error(`no ${isSent ? 'answer' : 'connection'} within ${millis} ms`);
  return { kind: isSent ? 'no_answer' : 'not_sent', error };
}
