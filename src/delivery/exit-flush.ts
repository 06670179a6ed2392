import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { describeError } from '../common/describe-error.js';
import type { EndBudget } from '../common/process-end.js';
import type { Hit } from '../hit/hit.js';
import { addResults, lossesSince } from './counts.js';
import type { Delivery, DeliveryOptions } from './delivery.js';
import { EXIT_CODE } from './exit-code.js';
import type { Certificates, ExitRequest, ExitSettings, TlsSettings } from './exit-entry.js';
import { clientOptionsOf, type Exchange, type Transport, type TransportOptions } from './http.js';
import { explainError } from './http-errors.js';
import { giveRestBack } from './sender.js';

/** If Matomo was unavailable before: it may be back, but a process in a crash loop must not be delayed. */
const UNAVAILABLE_MILLIS = 300;

interface ExitFlushParts {
  readonly delivery: Delivery;
  readonly options: DeliveryOptions;
  /** What sends while the process lives. */
  readonly transport: Transport;
  readonly transportOptions: TransportOptions;
  readonly budget: EndBudget;
}

/**
 * Stores or sends what is left when the event loop no longer runs: with a folder, hits are written to it; else, and if that fails, a thread
 * sends them while the process waits.
 */
export class ExitFlush {
  readonly #parts: ExitFlushParts;
  #thread: ExitThread | undefined;

  constructor(parts: ExitFlushParts) {
    this.#parts = parts;
  }

  /** Blocks the process. `refusal` is the reason if nothing may be stored or sent. Never throws. */
  run(refusal?: string): void {
    const { delivery, budget } = this.#parts;
    const { log, sender, counts, spool } = delivery;
    const startMillis = performance.now();
    const before = { ...counts.lost };
    const wasUnavailable = log.cause !== undefined || budget.isHoldInVain;
    const millis = Math.min(budget.leftMillis, wasUnavailable ? UNAVAILABLE_MILLIS : Infinity);
    let reason = refusal ?? log.cause?.reason;
    log.isEnding = true;
    sender.isClosing = false;
    let hits: readonly Hit[] = [];
    try {
      hits = delivery.endNow();
      if (refusal !== undefined) {
        counts.lost.shutdown += hits.length;
        hits = [];
      }
      hits = spool?.putNow?.(hits) ?? hits;
      if (refusal === undefined && millis > 0) {
        const sent = hits;
        hits = [];
        reason = this.#send(sent, startMillis + millis) ?? reason;
      }
    } catch (error) {
      reason ??= describeError(error);
    }
    counts.lost.shutdown += hits.length;
    log.endWithLosses('process', lossesSince(before, counts.lost), reason);
    budget.spendSince(startMillis);
  }

  /** Sends hits, bulk by bulk, and counts them. Returns why not all were sent, if that is known. */
  #send(hits: readonly Hit[], endMillis: number): string | undefined {
    const { sender, counts, log } = this.#parts.delivery;
    const attempt = sender.begin({ hits, done: async () => true });
    try {
      const steps = sender.send(attempt);
      let next = steps.next();
      while (!next.done) {
        const leftMillis = endMillis - performance.now();
        if (leftMillis < 1) return 'the shutdown timeout ran out';
        const exchange = this.#exchange(sender.toBody(next.value), leftMillis);
        next = steps.next(sender.read(exchange, next.value));
      }
      return log.cause?.reason;
    } finally {
      attempt.back.push(...attempt.inFlight);
      giveRestBack(attempt);
      addResults(counts, { ...attempt.results, shutdown: attempt.back.length });
    }
  }

  #exchange(body: Buffer, leftMillis: number): Exchange {
    const { transport, transportOptions, options } = this.#parts;
    const timeoutMillis = Math.min(leftMillis, options.exportTimeoutMillis);
    if (transport.sendSync) return transport.sendSync(body, timeoutMillis);
    try {
      this.#thread ??= new ExitThread(transportOptions);
    } catch (error) {
      return { kind: 'not_sent', error: explainError(error as Error) }; // the permission model may allow no threads
    }
    return this.#thread.send(body, timeoutMillis);
  }
}

/** Sends while this thread is blocked. No preload runs in it, and the token is only passed as a message. */
class ExitThread {
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #port: MessagePort;

  /** @throws If no thread can be started, or a variable of the environment names no proxy. */
  constructor(options: TransportOptions) {
    const { port1, port2: port } = new MessageChannel();
    this.#port = port1;
    const client = clientOptionsOf(options);
    const isSecure = /^https:/.test(client.url) || client.proxy?.url.startsWith('https:');
    const tls = isSecure ? tlsSettings() : undefined;
    const workerData: ExitSettings = { port, state: this.#state, client, tls };
    const { NODE_TLS_REJECT_UNAUTHORIZED = '' } = process.env;
    new Worker(EXIT_CODE, {
      ...{ eval: true, execArgv: [], argv: [], stdin: false, stdout: true, stderr: true },
      ...{ env: { NODE_TLS_REJECT_UNAUTHORIZED }, workerData, transferList: [port] },
    }).unref();
  }

  send(body: Buffer, timeoutMillis: number): Exchange {
    this.#state.fill(0);
    const request: ExitRequest = { body: new Uint8Array(body), timeoutMillis };
    this.#port.postMessage(request);
    Atomics.wait(this.#state, 1, 0, timeoutMillis);
    const received = receiveMessageOnPort(this.#port) as { message: Exchange } | undefined;
    if (received) return received.message;
    const isSent = this.#state[0] === 1;
    const what = isSent ? 'answer' : 'connection';
    const error = explainError(new Error(`no ${what} within ${Math.ceil(timeoutMillis)} ms`));
    return { kind: isSent ? 'no_answer' : 'not_sent', error };
  }
}

function tlsSettings(): TlsSettings {
  const tls = process.getBuiltinModule('node:tls');
  const { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE } = tls;
  const { getCACertificates } = tls as Certificates;
  const count = (type: 'bundled' | 'extra') => getCACertificates?.(type).length ?? 0;
  const all = getCACertificates?.('default') ?? [];
  // Without bundled ones, OpenSSL has its own.
  const isInherited = [count('extra'), count('bundled') + count('extra')].includes(all.length);
  return {
    defaults: { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE },
    certificates: isInherited ? undefined : all,
  };
}
