import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { explainError } from '../http/explain-error.js';
import { clientOptionsOf } from '../http/node-client.js';
import {
  type Exchange,
  type Transport,
  type TransportOptions,
  timedOut,
  unanswered,
} from '../http/transport.js';
import type { ExitRequest, ExitResult, ExitSettings } from './exit-worker.js';
import { EXIT_WORKER } from './exit-worker-code.js';

/** A process that has not ended for this long after a signal goes on. */
const END_MILLIS = 30_000;

/**
 * The transport of a process that will end. While the process lives, `live` sends; when its end is expected, and while it is blocked, a
 * worker thread does, because `exit` can wait for that one. The thread starts with the first bulk that needs it. If none can be
 * started, `live` sends as before.
 */
export function createExitTransport(live: Transport, options: TransportOptions): Transport {
  let isEndExpected = false;
  let timer: NodeJS.Timeout | undefined;
  let thread: ExitThread | undefined;
  /** What has sent the latest request; `undefined`: `live`. */
  let used: ExitThread | undefined;
  let latest: Promise<Exchange> | undefined;

  function start(): ExitThread {
    thread ??= new ExitThread(options, goOn);
    return thread;
  }

  /** From now on, `live` sends. The thread ends when what it is sending has a result. */
  function goOn(): void {
    isEndExpected = false;
    const last = thread;
    thread = undefined;
    void latest?.then(() => last?.stop());
  }

  return {
    isSending: () => used?.isSending ?? live.isSending?.() ?? true,

    send(body, timeoutMillis) {
      try {
        used = isEndExpected ? start() : undefined;
      } catch {
        isEndExpected = false; // Node.js' permission model may allow no worker threads
        used = undefined;
      }
      latest = (used ?? live).send(body, timeoutMillis);
      return latest;
    },

    expectEnd() {
      isEndExpected = true;
      clearTimeout(timer);
      timer = setTimeout(goOn, END_MILLIS).unref();
    },

    waitSync: (millis) => used?.waitSync(millis),

    sendSync(body, timeoutMillis) {
      try {
        used = start();
      } catch (error) {
        return unanswered(false, explainError(error as Error));
      }
      return used.sendSync(body, timeoutMillis);
    },

    async close() {
      clearTimeout(timer);
      const ending = [thread?.stop(), used?.stop(), live.close()];
      thread = undefined; // at `exit`, a new one sends
      await Promise.all(ending);
    },
  };
}

/** Indexes in `ExitSettings.state`. */
const RESULTS = 0;
const IS_SENT = 1;

/**
 * A worker thread that sends one bulk at a time, whether or not the thread that uses it is blocked. It gets no flags, and one
 * variable of the environment: no preload runs in it. It keeps no process alive. Settings and bodies, which contain the token, are only
 * passed as messages.
 */
class ExitThread {
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #number = 0;
  #sentMillis = 0;
  /** The result of the latest request. */
  #exchange: Exchange | undefined;
  #resolve: ((exchange: Exchange) => void) | undefined;

  /**
   * `onEnd` is called when the thread has ended.
   *
   * @throws If no worker thread can be started.
   */
  constructor(options: TransportOptions, onEnd: () => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const client = clientOptionsOf(options);
    const workerData: ExitSettings = { port: port2, state: this.#state, client };
    const { NODE_TLS_REJECT_UNAUTHORIZED = '' } = process.env;
    this.#worker = new Worker(EXIT_WORKER, {
      eval: true,
      execArgv: [],
      argv: [],
      env: { NODE_TLS_REJECT_UNAUTHORIZED },
      stdin: false,
      stdout: true,
      stderr: true,
      workerData,
      transferList: [port2],
    });
    this.#worker
      .on('error', () => undefined) // `exit` follows
      .on('exit', () => {
        onEnd();
        this.#settle(unanswered(this.#isSent, new Error('the thread that sends has ended')));
      })
      .unref();
    port1.on('message', (result: ExitResult) => this.#read(result));
    port1.unref();
  }

  /** Whether bytes of a request may have been sent that has no result yet. */
  get isSending(): boolean {
    return this.#exchange === undefined && this.#isSent;
  }

  send(body: Buffer, timeoutMillis: number): Promise<Exchange> {
    this.#number += 1;
    this.#sentMillis = performance.now();
    this.#exchange = undefined;
    Atomics.store(this.#state, IS_SENT, 0);
    const bytes = new Uint8Array(body); // a copy: small `Buffer`s share one `ArrayBuffer`, which must not be transferred
    const request: ExitRequest = { number: this.#number, body: bytes, timeoutMillis };
    this.#port.postMessage(request, [bytes.buffer]);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Blocks the calling thread until the latest request has a result; `undefined` if it has none in time. */
  waitSync(millis: number): Exchange | undefined {
    const deadlineMillis = performance.now() + millis;
    while (this.#number > 0 && this.#exchange === undefined) {
      const results = Atomics.load(this.#state, RESULTS);
      const received = receiveMessageOnPort(this.#port) as { message: ExitResult } | undefined;
      if (received) {
        this.#read(received.message);
        continue;
      }
      const leftMillis = deadlineMillis - performance.now();
      if (leftMillis <= 0) return undefined;
      Atomics.wait(this.#state, RESULTS, results, leftMillis);
    }
    return this.#exchange;
  }

  /** `send`, while the calling thread is blocked. */
  sendSync(body: Buffer, timeoutMillis: number): Exchange {
    void this.send(body, timeoutMillis);
    return this.waitSync(timeoutMillis) ?? this.#timedOut();
  }

  /** Ends the thread, and with it a request in flight. */
  async stop(): Promise<void> {
    this.#settle(this.#timedOut());
    await this.#worker.terminate();
  }

  get #isSent(): boolean {
    return Atomics.load(this.#state, IS_SENT) === 1;
  }

  #timedOut(): Exchange {
    return timedOut(this.#isSent, performance.now() - this.#sentMillis);
  }

  #read({ number, exchange }: ExitResult): void {
    if (number === this.#number) this.#settle(exchange);
  }

  #settle(exchange: Exchange): void {
    this.#exchange ??= exchange;
    this.#resolve?.(this.#exchange);
  }
}
