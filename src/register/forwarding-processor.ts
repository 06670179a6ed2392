import { threadId } from 'node:worker_threads';
import type { Context, Span } from '@opentelemetry/api';
import { DetachedScope } from '../common/detached-scope.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { PROCESSOR_BRAND } from '../common/processor-brand.js';
import { CHILD_SPAN_WAIT_MILLIS } from '../hit/hit.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import {
  addFurtherHit,
  type ForwardedHit,
  type ForwardedItem,
  type ForwardedRequest,
  TOO_MANY_HITS,
  toForwarded,
  toPlain,
} from '../requests/forwarded-request.js';
import type { RequestSink } from '../requests/hit-owner.js';
import { NODE_REQUESTS, type NodeRequestSink } from '../requests/node-request.js';
import { watchChatbotResponses } from '../requests/read-chatbot-response.js';
import { createRequestReading, type RequestReading } from '../requests/request-reading.js';
import type { EndedRecord, RequestRecord } from '../requests/request-record.js';
import { type RequestTracker, trackRequests } from '../requests/track-requests.js';
import type { Processor } from './lazy-processor.js';
import { openThreadChannel, type ThreadChannel } from './threads.js';

/** How many requests wait until the main thread answers, which may be busy while its workers start. */
const MAX_UNHEARD = 10_000;
const HELLO_MILLIS = 10_000;

/** An ended request that may still get more data. */
interface Waiting {
  readonly record: EndedRecord;
  readonly attributes: FinishedSpan['attributes'];
  readonly cookie: string | undefined;
  readonly range: string | undefined;
  readonly chatbotResponse: ForwardedRequest['chatbotResponse'];
  readonly endedMillis: number;
}

/** The main thread reads the same environment and logs the messages about it. */
const SILENT: Diagnostics = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  warnOnce: () => undefined,
  print: () => undefined,
};

/** Forwards the requests of a worker thread to the main thread, which sends all hits, one bulk at a time. */
export class ForwardingProcessor implements Processor {
  readonly #requests: RequestTracker;
  readonly #channel: ThreadChannel;
  /** How long a request waits for its unfinished work. */
  readonly #longestHoldMillis: number;
  readonly #diagnostics: Diagnostics;
  readonly #scope = new DetachedScope('opentelemetry-matomo');
  readonly #readChatbotResponse: ReturnType<typeof watchChatbotResponses> = () => undefined;
  #waiting: Waiting[] = [];
  #unheard: ForwardedItem[] | undefined = [];
  #timer: NodeJS.Timeout | undefined;
  #requestCount = 0;

  /** `undefined` if the environment does not allow tracking. */
  static create(diagnostics: Diagnostics): ForwardingProcessor | undefined {
    // The main thread decides where hits go, so `url` and `siteId` do not matter here.
    const options = resolveOptions({ url: 'http://localhost', siteId: 1 }, process.env, SILENT);
    if (!options) return undefined;
    return new ForwardingProcessor(
      createRequestReading(options, diagnostics),
      options,
      diagnostics,
    );
  }

  private constructor(
    reading: RequestReading,
    { scheduledDelayMillis, aiChatbots, aiChatbotUserAgents }: ResolvedOptions,
    diagnostics: Diagnostics,
  ) {
    this.#longestHoldMillis = scheduledDelayMillis;
    if (aiChatbots === 'separate') {
      this.#readChatbotResponse = watchChatbotResponses(aiChatbotUserAgents);
    }
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
      this.#onHere(); // the last chance to post them
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

  /** Only the count: the main thread knows the rest. */
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
    if (isKnown) this.#post(toForwarded(record as EndedRecord, NO_DETAILS, true));
    return true;
  }

  #add(record: EndedRecord, span: FinishedSpan): void {
    this.#requestCount += 1;
    const { cookie, range } = record.captured?.request?.headers ?? {};
    this.#waiting.push({
      record,
      attributes: span.attributes,
      cookie,
      range,
      chatbotResponse: this.#readChatbotResponse(record, span),
      endedMillis: performance.now(),
    });
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#tick(), CHILD_SPAN_WAIT_MILLIS),
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
      nowMillis - endedMillis >=
      (record.running ? this.#longestHoldMillis : CHILD_SPAN_WAIT_MILLIS);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => !isFinal(each));
    for (const ended of waiting.filter(isFinal)) this.#post(toForwarded(ended.record, ended));
  }

  #post(forwarded: ForwardedItem): void {
    if (this.#unheard) {
      if (this.#unheard.length < MAX_UNHEARD) this.#unheard.push(forwarded);
      return;
    }
    try {
      this.#channel.post({ kind: 'request', forwarded });
    } catch {
      this.#diagnostics.warnOnce('not cloneable', coded('parameter-refused', NOT_CLONEABLE));
      const plain = toPlain(forwarded);
      if (plain) this.#channel.post({ kind: 'request', forwarded: plain });
    }
  }

  #onHere(): void {
    const unheard = this.#unheard ?? [];
    this.#unheard = undefined;
    for (const forwarded of unheard) this.#post(forwarded);
  }
}

/** Of hits that were tracked after their request had been forwarded. */
const NO_DETAILS = { attributes: {}, cookie: undefined };
const NOT_CLONEABLE =
  'A parameter that a worker thread tracks is not a string, number or boolean. It was left out. Use one of these types.';
const UNHEARD =
  'The main thread has not loaded opentelemetry-matomo/register. Requests to servers in worker threads are not tracked. ' +
  'Start the process with --require opentelemetry-matomo/register, not only the worker.';
