import { threadId } from 'node:worker_threads';
import type { Context, Span } from '@opentelemetry/api';
import { DetachedScope } from '../common/detached-scope.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { PROCESSOR_BRAND } from '../common/processor-brand.js';
import { SETTLE_MILLIS } from '../hit/hit.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import {
  addFurtherHit,
  type Forwarded,
  type ForwardedHit,
  TOO_MANY_HITS,
  toForwarded,
} from '../requests/forwarded-request.js';
import type { RequestSink } from '../requests/hit-owner.js';
import { NODE_REQUESTS, type NodeRequestSink } from '../requests/node-request.js';
import { createRequestReading, type RequestReading } from '../requests/request-reading.js';
import type { EndedRecord, RequestRecord } from '../requests/request-record.js';
import { type RequestTracker, trackRequests } from '../requests/track-requests.js';
import type { Processor } from './lazy-processor.js';
import { openThreadChannel, type ThreadChannel } from './threads.js';

/** The main thread may be busy while its workers start. */
const MAX_UNHEARD = 10_000;
const HELLO_MILLIS = 10_000;

/** An ended request, as long as something may be added to it. */
interface Waiting {
  readonly record: EndedRecord;
  readonly attributes: FinishedSpan['attributes'];
  readonly cookie: string | undefined;
  readonly endedMillis: number;
}

/** The messages are those of the main thread, which reads the same environment. */
const SILENT: Diagnostics = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  warnOnce: () => undefined,
  print: () => undefined,
};

/** In a worker thread: requests go to the main thread, which decides on them and sends them, one bulk at a time. */
export class ForwardingProcessor implements Processor {
  readonly #requests: RequestTracker;
  readonly #channel: ThreadChannel;
  /** How long a request waits for work that has not ended. */
  readonly #longestHoldMillis: number;
  readonly #diagnostics: Diagnostics;
  readonly #scope = new DetachedScope('opentelemetry-matomo');
  #waiting: Waiting[] = [];
  #unheard: Forwarded[] | undefined = [];
  #timer: NodeJS.Timeout | undefined;
  #requestCount = 0;

  /** `undefined` if the environment does not allow tracking. */
  static create(diagnostics: Diagnostics): ForwardingProcessor | undefined {
    // Where hits go is the main thread's concern, whatever environment the worker was given.
    const options = resolveOptions({ url: 'http://localhost', siteId: 1 }, process.env, SILENT);
    if (!options) return undefined;
    const { scheduledDelayMillis } = options;
    return new ForwardingProcessor(
      createRequestReading(options, diagnostics),
      scheduledDelayMillis,
      diagnostics,
    );
  }

  private constructor(
    reading: RequestReading,
    longestHoldMillis: number,
    diagnostics: Diagnostics,
  ) {
    this.#longestHoldMillis = longestHoldMillis;
    this.#diagnostics = diagnostics;
    this.#requests = trackRequests(this.#createSink(diagnostics), reading);
    this.#channel = openThreadChannel(threadId, ({ kind }) => {
      if (kind === 'here') this.#onHere();
      if (kind === 'flush') this.#flush();
    });
    this.#channel.post({ kind: 'hello' });
    const sink: NodeRequestSink = (captured, span) => this.#requests.onNodeRequest(captured, span);
    Object.defineProperty(this, NODE_REQUESTS, { value: sink });
    Object.defineProperty(this, PROCESSOR_BRAND, { value: true });
    process.on('exit', () => {
      this.#forward(Number.POSITIVE_INFINITY);
      this.#onHere(); // or never
    });
    setTimeout(
      () => this.#unheard && diagnostics.error(coded('not-started', UNHEARD)),
      HELLO_MILLIS,
    ).unref();
  }

  onStart(span: Span, parentContext: Context): void {
    this.#requests.onStart(span, parentContext);
  }

  onEnd(span: FinishedSpan): void {
    this.#requests.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    this.#forward(Number.POSITIVE_INFINITY);
  }

  #flush(): void {
    this.#forward(Number.POSITIVE_INFINITY);
    this.#channel.post({ kind: 'flushed' });
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  /** What became of the requests is known in the main thread. */
  stats(): ReturnType<Processor['stats']> {
    return { hits: this.#requestCount, ignored: {} };
  }

  #createSink(diagnostics: Diagnostics): RequestSink {
    const refuse = (key: string, message: string) =>
      diagnostics.warnOnce(key, coded('parameter-refused', message));
    return {
      addRequest: (record, span) => this.#add(record, span),
      addFurtherHit: (hit, owner) => {
        if (!owner) this.#post({ hit });
        else if (!this.#addTo(owner.record, hit)) refuse('further too_many', TOO_MANY_HITS);
      },
      refuseHit: refuse,
      reportHit: refuse,
    };
  }

  #addTo(record: RequestRecord, hit: ForwardedHit['hit']): boolean {
    if (!addFurtherHit(record, hit)) return false;
    // Work that a request has started may go on after its end.
    const isKnown = record.closed && record.request !== undefined;
    if (isKnown) this.#post(toForwarded(record as EndedRecord, {}, undefined, true));
    return true;
  }

  #add(record: EndedRecord, { attributes }: FinishedSpan): void {
    this.#requestCount += 1;
    const { cookie } = record.captured?.request?.headers ?? {};
    this.#waiting.push({ record, attributes, cookie, endedMillis: performance.now() });
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#tick(), SETTLE_MILLIS),
    );
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    this.#forward(performance.now());
    if (this.#waiting.length > 0) this.#schedule();
  }

  #forward(nowMillis: number): void {
    const isFinal = ({ record, endedMillis }: Waiting) =>
      nowMillis - endedMillis >= (record.running ? this.#longestHoldMillis : SETTLE_MILLIS);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => !isFinal(each));
    for (const { record, attributes, cookie } of waiting.filter(isFinal)) {
      this.#post(toForwarded(record, attributes, cookie));
    }
  }

  #post(forwarded: Forwarded): void {
    if (this.#unheard) {
      if (this.#unheard.length < MAX_UNHEARD) this.#unheard.push(forwarded);
      return;
    }
    try {
      this.#channel.post({ kind: 'request', forwarded });
    } catch {
      this.#diagnostics.warnOnce('not cloneable', coded('parameter-refused', NOT_CLONEABLE));
      this.#channel.post({ kind: 'request', forwarded: toPlain(forwarded) });
    }
  }

  #onHere(): void {
    const unheard = this.#unheard ?? [];
    this.#unheard = undefined;
    for (const forwarded of unheard) this.#post(forwarded);
  }
}

/** Functions and symbols cannot be sent to another thread, and are no values of parameters. */
function toPlain(forwarded: Forwarded): Forwarded {
  return JSON.parse(
    JSON.stringify(forwarded, (_name, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
}

const NOT_CLONEABLE =
  'A parameter that a worker thread tracks is a function or a symbol. It was left out. Give texts, numbers or booleans';
const UNHEARD =
  'The main thread has not loaded opentelemetry-matomo/register. Requests to servers in worker threads are not tracked. ' +
  'Start the process with --require opentelemetry-matomo/register, rather than the worker';
