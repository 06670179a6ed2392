import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { describeError } from '../common/describe-error.js';
import type { EndBudget } from '../common/process-end.js';
import type { Hit } from '../hit/hit-text.js';
import { addResults, lossesSince } from './counts.js';
import type { Delivery, DeliveryOptions } from './delivery.js';
import { EXIT_CODE } from './exit-code.js';
import type { Certificates, ExitSettings } from './exit-entry.js';
import type { Exchange, Transport, TransportOptions } from './http.js';
import { explainError } from './http-errors.js';
import { giveRestBack } from './sender.js';

/** The time for an attempt if Matomo was unavailable before. Matomo may be available again, but a crash loop must not be delayed. */
const UNAVAILABLE_MILLIS = 300;

/**
 * Creates a function that handles pending hits when the event loop no longer runs. The spool folder stores them. Without a folder, or if that
 * fails, a thread sends them while the process waits. With a `refusal`, nothing may be stored or sent. Never throws.
 */
export function createExitFlush(
  delivery: Delivery,
  options: DeliveryOptions & Omit<TransportOptions, 'userAgent'>,
  userAgent: string,
  transport: Transport,
  budget: EndBudget,
): (refusal?: string) => void {
  const { log, sender, counts } = delivery;
  let thread: ExitThread | undefined;

  function exchange(body: Buffer, leftMillis: number): Exchange {
    const millis = Math.min(leftMillis, options.exportTimeoutMillis);
    if (transport.sendSync) return transport.sendSync(body, millis);
    try {
      thread ??= new ExitThread({ ...options, userAgent });
      return thread.send(body, millis);
    } catch (error) {
      return { kind: 'not_sent', error: explainError(error as Error) }; // the permission model may allow no threads
    }
  }

  /** Sends hits bulk by bulk, and counts them. Returns the reason if not all were sent and the reason is known. */
  function send(hits: readonly Hit[], endMillis: number): string | undefined {
    const attempt = sender.begin({ hits, done: async () => true });
    try {
      const steps = sender.send(attempt);
      let next = steps.next();
      while (!next.done) {
        const leftMillis = endMillis - performance.now();
        if (leftMillis < 1) return 'the shutdown timeout ran out';
        const result = exchange(sender.toBody(next.value), leftMillis);
        next = steps.next(sender.read(result, next.value));
      }
      return log.cause?.reason;
    } finally {
      attempt.back.push(...attempt.inFlight);
      giveRestBack(attempt);
      addResults(counts, { ...attempt.results, shutdown: attempt.back.length });
    }
  }

  return (refusal) => {
    const startMillis = performance.now();
    const before = { ...counts.lost };
    const wasUnavailable = log.cause !== undefined || budget.isHoldInVain;
    const millis = Math.min(budget.leftMillis, wasUnavailable ? UNAVAILABLE_MILLIS : Infinity);
    const mayStore = refusal === undefined;
    let reason = refusal ?? log.cause?.reason;
    let left: readonly Hit[] = [];
    log.isEnding = true;
    sender.isClosing = false;
    try {
      left = delivery.endNow();
      const stored = mayStore ? left : [];
      const back = delivery.spool?.putNow?.(stored) ?? stored;
      left = mayStore ? back : [...left, ...back];
      if (mayStore && millis > 0) {
        left = [];
        reason = send(back, startMillis + millis) ?? reason;
      }
    } catch (error) {
      reason ??= describeError(error);
    }
    counts.lost.shutdown += left.length;
    log.endWithLosses('process', lossesSince(before, counts.lost), reason);
    budget.spendSince(startMillis);
  };
}

/** Sends while the current thread is blocked. No preload runs in the new thread, and the token reaches it only in a message. */
class ExitThread {
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #port: MessagePort;

  /** @throws If the thread cannot be started. */
  constructor({ url, userAgent, headers }: TransportOptions) {
    const { port1, port2: port } = new MessageChannel();
    this.#port = port1;
    const workerData: ExitSettings = {
      ...{ port, state: this.#state, options: { url: String(url), userAgent, headers } },
      ...(String(url).startsWith('https:') && tlsSettings()),
    };
    new Worker(EXIT_CODE, {
      ...{ eval: true, execArgv: [], argv: [], stdin: false, stdout: true, stderr: true },
      ...{ env: { ...process.env, NODE_OPTIONS: '' }, workerData, transferList: [port] },
    }).unref();
  }

  send(body: Buffer, millis: number): Exchange {
    this.#state.fill(0);
    this.#port.postMessage({ body: new Uint8Array(body), millis });
    Atomics.wait(this.#state, 1, 0, millis);
    const received = receiveMessageOnPort(this.#port) as { message: Exchange } | undefined;
    if (received) return received.message;
    const isSent = this.#state[0] === 1;
    const what = isSent ? 'answer' : 'connection';
    const error = explainError(new Error(`no ${what} within ${Math.ceil(millis)} ms`));
    return { kind: isSent ? 'no_answer' : 'not_sent', error };
  }
}

function tlsSettings(): Pick<ExitSettings, 'tls' | 'certificates'> {
  const tls = process.getBuiltinModule('node:tls');
  const { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS } = tls;
  const { getCACertificates = () => [] } = tls as Certificates;
  const all = getCACertificates('default');
  const extra = getCACertificates('extra').length;
  // Without bundled certificates, OpenSSL uses its own.
  const isInherited = [extra, extra + getCACertificates('bundled').length].includes(all.length);
  return {
    tls: { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS },
    certificates: isInherited ? undefined : all,
  };
}
