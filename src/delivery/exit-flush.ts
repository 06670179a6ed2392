import { spawnSync } from 'node:child_process';
import { describeError } from '../common/describe-error.js';
import type { EndBudget } from '../common/process-end.js';
import type { Hit } from '../hit/hit.js';
import { addResults, addTo, lossesSince } from './counts.js';
import type { Delivery, DeliveryOptions } from './delivery.js';
import { EXIT_CODE } from './exit-code.js';
import type { ExitRequest } from './exit-entry.js';
import { clientOptionsOf, type Exchange, type Transport, type TransportOptions } from './http.js';
import { giveRestBack } from './sender.js';

/** In a single executable or Electron, `process.execPath` is the application. */
const IS_NODE = /(?:^|[\\/])(?:node|nodejs|bun)(?:\.exe)?$/i;
/** The time that a process gets to end by itself. */
const GRACE_MILLIS = 200;

interface ExitFlushParts {
  readonly delivery: Delivery;
  readonly options: DeliveryOptions;
  /** What sends while the process lives. */
  readonly transport: Transport;
  readonly transportOptions: TransportOptions;
  readonly budget: EndBudget;
}

/**
 * Stores or sends what is left when the event loop no longer runs: with a folder, hits are written to it; else, and if that fails, child
 * processes send them while this one waits.
 */
export class ExitFlush {
  readonly #parts: ExitFlushParts;

  constructor(parts: ExitFlushParts) {
    this.#parts = parts;
  }

  /** Blocks the process. `refusal` is the reason if nothing may be stored or sent. Never throws. */
  run(refusal?: string): void {
    const { delivery, budget } = this.#parts;
    const { log, sender, counts } = delivery;
    const startMillis = performance.now();
    const before = { ...counts.lost };
    let reason = refusal ?? log.cause?.reason;
    log.isEnding = true;
    sender.isClosing = false;
    try {
      this.#endAttempt();
      const taken = delivery.takeNow();
      const hits = refusal === undefined ? (delivery.spool?.putNow?.(taken) ?? taken) : taken;
      // A process in a crash loop is not delayed by a Matomo that is down.
      const mayBeUp = reason === undefined && !budget.isHoldInVain;
      if (hits.length > 0 && mayBeUp) reason = this.#send(hits, startMillis);
      else counts.lost.shutdown += hits.length;
    } catch (error) {
      reason ??= describeError(error);
    }
    log.endWithLosses('process', lossesSince(before, counts.lost), reason);
    budget.spendSince(startMillis);
  }

  /** Matomo may have got a byte of what is in flight, and its answer cannot be read. */
  #endAttempt(): void {
    const { delivery, transport, options } = this.#parts;
    const { attempt, counts } = delivery;
    // Without `doneNow`, it is left to another process as it is.
    if (!attempt?.claim.doneNow) return;
    delivery.attempt = undefined;
    const { inFlight, results, back, claim } = attempt;
    const isUnknown = inFlight.length > 0 && (transport.mayHaveArrived?.() ?? true);
    if (isUnknown && options.resendUnconfirmed) counts.resent += inFlight.length;
    if (isUnknown && !options.resendUnconfirmed) addTo(results, { unconfirmed: inFlight.length });
    else back.push(...inFlight);
    giveRestBack(attempt);
    claim.doneNow?.(results, back);
  }

  /** Sends hits, bulk by bulk, and counts them. Returns why not all were sent, if that is known. */
  #send(hits: readonly Hit[], startMillis: number): string | undefined {
    const { delivery, budget } = this.#parts;
    const { sender, counts, log } = delivery;
    const endMillis = startMillis + budget.leftMillis;
    const attempt = sender.begin({ hits, done: async () => true });
    const steps = sender.send(attempt);
    let next = steps.next();
    while (!next.done && performance.now() < endMillis) {
      const exchange = this.#exchange(sender.toBody(next.value), endMillis - performance.now());
      next = steps.next(sender.read(exchange, next.value));
    }
    if (!next.done) attempt.back.push(...attempt.inFlight);
    giveRestBack(attempt);
    addResults(counts, { ...attempt.results, shutdown: attempt.back.length });
    return next.done ? log.cause?.reason : 'the shutdown timeout ran out';
  }

  #exchange(body: Buffer, leftMillis: number): Exchange {
    const { transport, transportOptions, options } = this.#parts;
    const millis = Math.min(leftMillis, options.exportTimeoutMillis);
    if (transport.sendSync) return transport.sendSync(body, millis);
    try {
      return sendByChild({
        client: clientOptionsOf(transportOptions),
        body: body.toString('latin1'),
        endMillis: Date.now() + Math.ceil(millis),
      });
    } catch (error) {
      return { kind: 'not_sent', error: error as Error };
    }
  }
}

/** Throws if no process can be started, as under Node.js' permission model. It gets no preload, and the token is only in its input. */
function sendByChild(request: ExitRequest): Exchange {
  if (!IS_NODE.test(process.execPath)) throw new Error(`${process.execPath} is not Node.js`);
  const {
    NODE_TLS_REJECT_UNAUTHORIZED = '',
    NODE_EXTRA_CA_CERTS = '',
    SystemRoot = '',
  } = process.env;
  const { error, stdout } = spawnSync(process.execPath, ['-e', EXIT_CODE], {
    input: JSON.stringify(request),
    timeout: request.endMillis - Date.now() + GRACE_MILLIS,
    killSignal: 'SIGKILL',
    env: { NODE_TLS_REJECT_UNAUTHORIZED, NODE_EXTRA_CA_CERTS, SystemRoot },
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  });
  const text = stdout?.toString('utf8') ?? '';
  if (text !== '') return JSON.parse(text) as Exchange;
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  if (error && code !== 'ETIMEDOUT') throw error;
  return { kind: 'no_answer', error: new Error('no answer in time') };
}
