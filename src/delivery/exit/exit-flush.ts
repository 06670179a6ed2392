import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { describeError } from '../../common/describe-error.js';
import { environment } from '../../common/environment.js';
import type { EndBudget } from '../../common/process-end.js';
import type { Delivery, DeliveryOptions } from '../delivery.js';
import { addTo, lossesSince } from '../delivery-counts.js';
import { explainError } from '../http/explain-error.js';
import { clientOptionsOf } from '../http/node-client.js';
import {
  type Exchange,
  type Transport,
  type TransportOptions,
  timedOut,
  unanswered,
} from '../http/transport.js';
import { giveRestBack, type Requests } from '../open-claim.js';
import type { ExitRequest, ExitSettings } from './exit-worker.js';
import { EXIT_WORKER } from './exit-worker-code.js';

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
  /** Nothing more is sent: Matomo is unavailable, or the time is up. */
  #isStopped = false;

  constructor(parts: ExitFlushParts) {
    this.#parts = parts;
  }

  /** Blocks the process. `refusal` is the reason if nothing may be stored or sent. Never throws. */
  run(refusal?: string): void {
    const { delivery, budget } = this.#parts;
    const { log, sender, counts } = delivery;
    const startMillis = performance.now();
    const before = { ...counts.lost };
    const wasUnavailable = log.cause !== undefined || budget.isHoldInVain;
    const millis = budget.leftMillis;
    const mayMillis = wasUnavailable ? Math.min(millis, UNAVAILABLE_MILLIS) : millis;
    let reason = refusal ?? log.cause?.reason;
    log.isEnding = true;
    sender.isClosing = false;
    sender.waitUntilMillis = Number.NEGATIVE_INFINITY;
    this.#isStopped ||= refusal !== undefined;
    try {
      this.#endClaim();
      this.#store(refusal === undefined);
      this.#sendAll(startMillis + mayMillis);
    } catch (error) {
      reason ??= describeError(error);
      this.#isStopped = true;
      this.#sendAll(startMillis);
    }
    const hasTimedOut = millis === mayMillis && performance.now() >= startMillis + millis;
    if (!hasTimedOut) reason ??= log.cause?.reason; // otherwise, the end itself has cut the last request short
    log.endWithLosses('process', lossesSince(before, counts.lost), hasTimedOut, reason);
    budget.spendSince(startMillis);
  }

  /** Matomo may have got a byte of what is in flight, and its answer cannot be read. */
  #endClaim(): void {
    const { delivery, transport, options } = this.#parts;
    const { current } = delivery.sender;
    // Without `endNow`, it is left to another process as it is.
    if (!current?.claim.endNow) return;
    const { claim, bulks, isInFlight, results, back } = current;
    delivery.sender.current = undefined;
    if (isInFlight && (transport.mayHaveArrived?.() ?? true)) {
      const { length } = bulks[0] ?? [];
      if (options.resendUnconfirmed) {
        delivery.counts.resent += length;
      } else {
        addTo(results, { unconfirmed: length });
        bulks.shift();
      }
    }
    giveRestBack(current);
    claim.endNow?.(results, back);
  }

  /** Otherwise, only what is in a folder already is left to other processes. */
  #store(mayStore: boolean): void {
    const { delivery } = this.#parts;
    const { spool, memory } = delivery;
    if (!spool?.storeNow) return;
    const hits = mayStore ? delivery.takeNow() : [];
    for (const hit of spool.storeNow(hits)) memory.put(hit);
  }

  /** Sends bulk after bulk. What cannot be sent is lost. */
  #sendAll(deadlineMillis: number): void {
    const { memory, sender } = this.#parts.delivery;
    const { maxExportBatchSize } = this.#parts.options;
    for (;;) {
      const claim = memory.claim(maxExportBatchSize, Number.POSITIVE_INFINITY);
      if (!claim) return;
      const open = sender.open(claim);
      try {
        this.#send(sender.requestsOf(open, 'last', memory), deadlineMillis);
      } finally {
        giveRestBack(open);
        for (const { hits } of open.back) addTo(open.results, { shutdown: hits.length });
        void claim.done(open.results);
      }
    }
  }

  #send(requests: Requests, deadlineMillis: number): void {
    const { sender } = this.#parts.delivery;
    let next = requests.next();
    while (!next.done) {
      const leftMillis = deadlineMillis - performance.now();
      this.#isStopped ||= leftMillis < 1;
      if (this.#isStopped) return;
      next = requests.next(this.#exchange(next.value, leftMillis));
      this.#isStopped ||= performance.now() < sender.waitUntilMillis;
    }
  }

  #exchange(body: Buffer, leftMillis: number): Exchange {
    const { transport, transportOptions, options } = this.#parts;
    const timeoutMillis = Math.min(leftMillis, options.exportTimeoutMillis);
    if (transport.sendSync) return transport.sendSync(body, timeoutMillis);
    try {
      this.#thread ??= new ExitThread(transportOptions);
    } catch (error) {
      return unanswered(false, explainError(error as Error)); // the permission model may allow no threads
    }
    return this.#thread.send(body, timeoutMillis);
  }
}

/** Indexes in `ExitSettings.state`. */
const HAS_RESULT = 0;
const IS_SENT = 1;

/**
 * A worker thread that sends while the process is blocked. It gets no flags, and one variable of the environment: no preload runs in it.
 * Settings and bodies, which contain the token, are only passed as messages.
 */
class ExitThread {
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #port: MessagePort;

  /** @throws If no worker thread can be started. */
  constructor(options: TransportOptions) {
    const { port1, port2: port } = new MessageChannel();
    this.#port = port1;
    const workerData: ExitSettings = { port, state: this.#state, client: clientOptionsOf(options) };
    const { NODE_TLS_REJECT_UNAUTHORIZED = '' } = environment();
    new Worker(EXIT_WORKER, {
      eval: true,
      execArgv: [],
      argv: [],
      env: { NODE_TLS_REJECT_UNAUTHORIZED },
      stdin: false,
      stdout: true,
      stderr: true,
      workerData,
      transferList: [port],
    }).unref();
  }

  send(body: Buffer, timeoutMillis: number): Exchange {
    this.#state.fill(0);
    const request: ExitRequest = { body: new Uint8Array(body), timeoutMillis };
    this.#port.postMessage(request);
    Atomics.wait(this.#state, HAS_RESULT, 0, timeoutMillis);
    const received = receiveMessageOnPort(this.#port) as { message: Exchange } | undefined;
    return received?.message ?? timedOut(this.#state[IS_SENT] === 1, timeoutMillis);
  }
}
