import { threadId } from 'node:worker_threads';
import { atExit } from '../common/at-exit.js';
import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { Context, Span } from '../common/otel-types.js';
import { DetachedScope } from '../common/timers.js';
import { CHILD_SPAN_WAIT_MILLIS } from '../hit/hit.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { resolveOptions, SILENT } from '../options/resolve-options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import {
  type RequestSources,
  sourcesOf,
  type ThreadOptions,
  toForwarded,
  toThreadOptions,
} from '../requests/forwarded-request.js';
import type { RequestSink } from '../requests/hit-owner.js';
import { type ChatbotResponses, watchChatbotResponses } from '../requests/measure-responses.js';
import { exposeInternals, type ProcessorInternals } from '../requests/processor-internals.js';
import { createRequestReading, type RequestReading } from '../requests/read-request.js';
import {
  createUserIdReader,
  type UserIdMethod,
  type UserIdReader,
} from '../requests/read-user-id.js';
import type { EndedRecord } from '../requests/request-record.js';
import { isPageFinal, TOO_MANY_HITS } from '../requests/request-waits.js';
import { type RequestTracker, trackRequests } from '../requests/track-requests.js';
import type { Processor } from './registration.js';
import { ThreadOutbox } from './thread-outbox.js';
import { openThreadChannel, type ThreadChannel } from './threads.js';
import { WorkerFurtherHits } from './worker-further-hits.js';

const HELLO_MILLIS = 10_000;

/** An ended request that may still get more data. */
interface Waiting {
  readonly record: EndedRecord;
  readonly sources: RequestSources;
  readonly endedMillis: number;
}

/** How requests are read. The options of the main thread replace those of the environment when it answers. */
interface ThreadReading extends RequestReading {
  userIdAttribute: string | undefined;
  errors: boolean;
  readsMcp: boolean;
}

/** Forwards the requests of a worker thread to the main thread, which sends all hits, one bulk at a time. */
export class ForwardingProcessor implements Processor {
  readonly #requests: RequestTracker;
  readonly #channel: ThreadChannel;
  readonly #outbox: ThreadOutbox;
  readonly #hits: WorkerFurtherHits;
  readonly #reading: ThreadReading;
  /** The key of this thread, which never leaves it. */
  readonly #key: Pick<ResolvedOptions, 'visitorKey' | 'tokenAuth'>;
  /** `undefined` if the main thread makes user IDs. */
  #userIds: UserIdReader | undefined;
  readonly #diagnostics: Diagnostics;
  readonly #scope = new DetachedScope('opentelemetry-matomo');
  #chatbotResponses: ChatbotResponses;
  #options: ThreadOptions;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #requestCount = 0;
  #isClosed = false;
  readonly #answerTimer: NodeJS.Timeout;
  readonly #releaseExit: () => void;

  /** `undefined` if the environment does not allow tracking. */
  static create(diagnostics: Diagnostics): ForwardingProcessor | undefined {
    // The main thread decides where hits go, so `url` and `siteId` do not matter here. It logs the messages about the environment, and
    // replaces its options when it answers.
    const options = resolveOptions({ url: 'http://localhost', siteId: 1 }, process.env, SILENT);
    if (!options) return undefined;
    return new ForwardingProcessor(options, diagnostics);
  }

  private constructor(options: ResolvedOptions, diagnostics: Diagnostics) {
    const { userId, dimensions, visitorKey, tokenAuth } = options;
    this.#key = { visitorKey, tokenAuth };
    this.#userIds = createUserIdReader({ ...this.#key, userId, dimensions }, diagnostics);
    this.#diagnostics = diagnostics;
    this.#options = toThreadOptions(options);
    this.#chatbotResponses = watchChatbotResponses(this.#options.aiChatbotUserAgents);
    this.#reading = {
      ...createRequestReading(options, diagnostics),
      // The main thread decides.
      knowsDocuments: true,
      toUserId: (_name, value) => value,
    };
    this.#channel = this.#scope.runInAsyncScope(() =>
      openThreadChannel(threadId, (message) => {
        if (message.kind === 'here') this.#onAnswer(message.options);
        if (message.kind === 'flush') this.#flush(message.isLast);
      }),
    );
    const outbox = new ThreadOutbox(this.#channel, diagnostics);
    this.#outbox = outbox;
    const sink = this.#createSink(diagnostics);
    this.#hits = new WorkerFurtherHits({
      options: () => this.#options,
      userIds: () => this.#userIds,
      scope: this.#scope,
      forward: (item) => this.#outbox.add(item),
      refuseTooMany() {
        sink.reportHit('further too_many', TOO_MANY_HITS);
        outbox.drop({ tooMany: 1 });
      },
      report: (callback, error) => this.#report(callback, error),
    });
    this.#requests = trackRequests(sink, this.#reading, (...failure) => this.#report(...failure));
    this.#channel.post({ kind: 'hello' });
    const internals: ProcessorInternals = {
      exit: undefined,
      threadOptions: undefined,
      addNodeRequest: (...request) => this.#onNodeRequest(...request),
      addForwarded: () => undefined,
    };
    exposeInternals(this, () => internals);
    this.#releaseExit = atExit('send', () => {
      this.#requests.endOpen();
      this.#forward(Number.POSITIVE_INFINITY);
      this.#outbox.open(); // the last chance to post them
    });
    this.#answerTimer = this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#checkAnswer(), HELLO_MILLIS).unref(),
    );
  }

  onStart(span: Span, parentContext: Context): void {
    try {
      this.#requests.onStart(span, parentContext);
    } catch (error) {
      this.#report('onStart', error);
    }
  }

  onEnd(span: FinishedSpan): void {
    try {
      this.#requests.onEnd(span);
    } catch (error) {
      this.#report('onEnd', error);
    }
  }

  #onNodeRequest(...[captured, describe]: Parameters<ProcessorInternals['addNodeRequest']>): void {
    try {
      this.#requests.onNodeRequest(captured, describe());
    } catch (error) {
      this.#report('onNodeRequest', error);
    }
  }

  async forceFlush(): Promise<void> {
    this.#forward(Number.POSITIVE_INFINITY);
  }

  #flush(isLast: boolean): void {
    if (isLast) this.#requests.endOpen();
    this.#forward(Number.POSITIVE_INFINITY);
    this.#channel.post({ kind: 'flushed' });
  }

  /** Requests that come later are still forwarded, as long as the main thread tracks. */
  shutdown(): Promise<void> {
    this.#requests.endOpen();
    return this.forceFlush();
  }

  /** A processor of the application tracks the requests and hits from now on. */
  stop(): void {
    this.#forward(Number.POSITIVE_INFINITY);
    this.#requests.stop();
    this.#chatbotResponses.stop();
    this.#isClosed = true;
  }

  /** Nothing tracks from now on, until another processor says hello. */
  close(): void {
    this.stop();
    clearTimeout(this.#answerTimer);
    this.#releaseExit();
    this.#outbox.open(); // the last chance to post them
    this.#channel.post({ kind: 'bye' });
    this.#channel.close();
  }

  /** Only the count: the main thread knows the rest. */
  stats(): ReturnType<Processor['stats']> {
    return { hits: this.#requestCount, ignored: {} };
  }

  #createSink(diagnostics: Diagnostics): RequestSink {
    const report = (key: string, message: string) =>
      diagnostics.warnOnce(key, coded('parameter-invalid', message));
    return {
      addRequest: (record, span) => this.#add(record, span),
      addFurtherHit: (hit, owner) => this.#hits.add(hit, owner),
      refuseHit: (key, message) => {
        report(key, message);
        this.#outbox.drop({ invalid: 1 });
      },
      reportHit: report,
      countUnused: () => this.#outbox.drop({ unusedSpans: 1 }),
    };
  }

  #add(record: EndedRecord, span: FinishedSpan): void {
    this.#requestCount += 1;
    const response = this.#chatbotResponses.read(record, span);
    const { userIdAttribute } = this.#options;
    const sources = sourcesOf(record, span, userIdAttribute, this.#userIds, response);
    this.#hits.end(record, sources);
    this.#waiting.push({ record, sources, endedMillis: performance.now() });
    this.#schedule();
  }

  /** Makes the same user IDs as the main thread, if this thread has the same key. */
  #userIdsLike(wanted: UserIdMethod | undefined): UserIdReader | undefined {
    if (!wanted) return undefined;
    const { userId, check, sharesHeader } = wanted;
    const dimensions = sharesHeader ? { 1: userId } : {};
    const reader = createUserIdReader({ ...this.#key, userId, dimensions }, this.#diagnostics);
    return reader?.method.check === check ? reader : undefined;
  }

  /** The main thread receives requests, and may have other options than the environment. */
  #onAnswer(options: ThreadOptions | undefined): void {
    if (options) {
      this.#options = options;
      this.#reading.userIdAttribute = options.userIdAttribute;
      this.#userIds = this.#userIdsLike(options.userIds);
      this.#reading.errors = options.errors;
      this.#reading.readsMcp = options.readsMcp;
      this.#chatbotResponses.stop();
      if (!this.#isClosed)
        this.#chatbotResponses = watchChatbotResponses(options.aiChatbotUserAgents);
    }
    this.#outbox.open();
  }

  #schedule(): void {
    this.#timer ??= this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#tick(), CHILD_SPAN_WAIT_MILLIS),
    );
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    this.#forwardRequests(performance.now());
    if (this.#waiting.length > 0) this.#schedule();
  }

  #forward(nowMillis: number): void {
    this.#forwardRequests(nowMillis);
    this.#hits.forwardUntil(nowMillis);
  }

  #forwardRequests(nowMillis: number): void {
    const isFinal = ({ record, endedMillis }: Waiting) =>
      isPageFinal(record, nowMillis - endedMillis, this.#options.longestHoldMillis);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => !isFinal(each));
    for (const { record, sources } of waiting.filter(isFinal)) {
      this.#outbox.add(toForwarded(record, sources));
    }
  }

  #checkAnswer(): void {
    const { unpostedCount } = this.#outbox;
    const isAnswerMissing = unpostedCount !== undefined && !(this.#isClosed && unpostedCount === 0);
    if (isAnswerMissing) this.#diagnostics.error(coded('not-started', NO_ANSWER));
  }

  #report(callback: string, error: unknown): void {
    this.#diagnostics.warnOnce(
      callback,
      coded(
        'internal-error',
        `${callback} failed in a worker thread (${describeError(error)}). A request or hit may be missing. Please report this.`,
      ),
    );
  }
}

const NO_ANSWER =
  'The main thread has neither loaded opentelemetry-matomo/register nor called start(). Requests to servers in worker threads are not ' +
  'tracked. Start the process with --require opentelemetry-matomo/register, or call start() before it starts workers.';
