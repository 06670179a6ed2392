import type { Cluster } from 'node:cluster';
import type { Server } from 'node:net';
import {
  type ChannelListeners,
  CONNECTION_CHANNEL,
  channelListener,
  isObject,
  isRequestMessage,
  isStreamMessage,
  LISTEN_CHANNEL,
  REQUEST_CHANNEL,
  STREAM_CHANNEL,
  subscribe,
  unsubscribe,
} from '../common/channel-listener.js';
import { createDiagnostics, writeToStderr } from '../common/diagnostics.js';
import { environment } from '../common/environment.js';
import { shared, TRACKER_KEY } from '../common/foreign-objects.js';
import { coded } from '../common/messages.js';
import { withoutTracing } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import { AsyncScope } from '../common/timers.js';
import type { MatomoOptions } from '../options.js';
import type { FinishedSpan } from '../request/finished-span.js';
import type { RequestFunctions } from '../request/functions.js';
import type { ProviderWatch } from '../spans/attach.js';
import {
  type CallReceiver,
  findTracker,
  type MemberKind,
  type SharedTracker,
  type TrackerMember,
} from '../tracker/key.js';
import type { RunningTracker } from '../tracker/running-tracker.js';
import { VERSION } from '../version.js';
import { publishRequestsOnBun } from './bun.js';
import { watchUnseenServers } from './unseen-servers.js';

type Late = typeof import('../tracker/running-tracker.js');

/** The tracker of this process or thread, which is made if there is none. `load` returns the code that is needed when it begins. */
export function openTracker(load: () => Late): SharedTracker {
  const known = findTracker();
  if (known && known.version !== VERSION)
    createDiagnostics().warn(coded('other-version', otherVersion(known.version)));
  return known ?? shared(TRACKER_KEY, () => new ProcessTracker(load));
}

interface Member {
  readonly kind: MemberKind;
  /** What tracks, or has tracked until its shutdown. */
  running: RunningTracker | undefined;
}

/**
 * The one tracker of a process or thread. It reads no environment and loads nothing until a server listens, a SERVER span starts or a call
 * makes a hit: with `NODE_OPTIONS` it also is in npm and compilers, and an application may set its environment in code.
 */
class ProcessTracker implements SharedTracker {
  readonly version = VERSION;
  readonly #load: () => Late;
  readonly #members = new Set<Member>();
  readonly #exporters = new Set<CallReceiver>();
  /** A request or a call of the application may be what the tracker begins with. */
  readonly #scope = new AsyncScope('opentelemetry-matomo');
  /** Options of the first code that has set any. */
  #options: MatomoOptions | undefined;
  /** `off`: the options do not allow to track. */
  #running: RunningTracker | 'off' | undefined;
  /** What has tracked for processors alone: calls that come later count as lost, or are sent at the event `exit`. */
  #last: RunningTracker | undefined;
  #watch: ProviderWatch | undefined;
  #stopListening: (() => void) | undefined;

  constructor(load: () => Late) {
    this.#load = load;
  }

  join(kind: MemberKind, given: object): TrackerMember {
    const member: Member = { kind, running: this.#current };
    this.#members.add(member);
    this.#addOptions(Object.entries(given).filter(([, value]) => value !== undefined));
    this.#setCountsAll();
    if (this.#running === undefined) this.#stopListening ??= this.#listen();
    let closed: Promise<void> | undefined;
    return {
      onStart: (span, parentContext) => {
        if (this.#members.has(member)) this.onStart(span, parentContext);
      },
      onEnd: (span) => {
        if (this.#members.has(member)) this.onEnd(span);
        else {
          member.running?.onEnd(span);
          member.running?.pipeline.ends?.endWaiting(); // the process may end soon
        }
      },
      stats: () => member.running?.pipeline.stats(),
      forceFlush: () => this.forceFlush(),
      shutdown: () => {
        closed ??= this.#leave(member);
        return closed;
      },
    };
  }

  async #leave(member: Member): Promise<void> {
    if (!this.#members.delete(member)) return; // it was ended with the tracker
    if (this.#members.size === 0) return this.#end();
    this.#setCountsAll();
    return this.forceFlush();
  }

  get #current(): RunningTracker | undefined {
    return this.#running === 'off' ? undefined : this.#running;
  }

  get #countsAll(): boolean {
    return [...this.#members].some(({ kind }) => kind !== 'processor');
  }

  #setCountsAll(): void {
    if (this.#current) this.#current.countsAll = this.#countsAll;
  }

  /** The options of the first code hold, also if the environment alone has set them before: its privacy options must. */
  #addOptions(set: readonly (readonly [name: string, value: unknown])[]): void {
    if (set.length === 0) return;
    const options = Object.fromEntries(set) as MatomoOptions;
    if (this.#options !== undefined) {
      if (areSame(options, this.#options)) return;
      const names = set.map(([name]) => name).join(', ');
      createDiagnostics().warn(coded('started-twice', startedTwice(names)));
      return;
    }
    this.#options = options;
    if (this.#running === 'off') {
      this.#running = undefined;
      this.#begin();
    } else if (this.#running) {
      const running = this.#running;
      if (!this.#scope.runInAsyncScope(() => running.replaceOptions(options))) this.#turnOff();
    }
  }

  /** Begins to track, unless that was tried before. */
  #begin(): RunningTracker | undefined {
    if (this.#running !== undefined || this.#members.size === 0) return this.#current;
    try {
      const { startTracker, watchProviders } = withoutTracing(this.#load);
      this.#running = this.#scope.runInAsyncScope(() => {
        this.#watch ??= watchProviders(this);
        return startTracker({
          options: this.#options ?? {},
          countsAll: this.#countsAll,
          providers: this.#watch,
          shutdown: () => this.#end(true),
        });
      });
    } catch (error) {
      // The code that logs messages is not loaded.
      writeToStderr(
        `opentelemetry-matomo: Could not load the tracker (${error}). Nothing is tracked. Install the package again. [not-started]`,
      );
    }
    const running = this.#current;
    this.#last = undefined;
    for (const member of this.#members) member.running = running;
    if (running) this.#stopListening ??= this.#listen();
    else this.#turnOff();
    return running;
  }

  /** The options do not allow to track. Test runners load the package once per file in one process: each would listen until the process ends. */
  #turnOff(): void {
    const last = this.#current;
    this.#running = 'off';
    this.#stop();
    last?.capture.stop();
    void last?.pipeline.shutdown();
  }

  /** @param isProcessEnding requests that end while hits are sent count, too */
  async #end(isProcessEnding = false): Promise<void> {
    const last = this.#current;
    if (isProcessEnding) await last?.pipeline.shutdown();
    this.#last = last?.countsAll ? undefined : last;
    this.#stop();
    this.#members.clear();
    this.#running = undefined;
    this.#options = undefined;
    last?.capture.stop();
    if (!isProcessEnding) await last?.pipeline.shutdown();
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  onStart(span: Span, parentContext: Context): void {
    const isServer = (span as Partial<FinishedSpan> | undefined)?.kind === 1;
    const running = this.#running === undefined && isServer ? this.#begin() : this.#current;
    running?.onStart(span, parentContext);
  }

  onEnd(span: FinishedSpan): void {
    const hasHit = this.#running === undefined && span?.events?.some(isHit);
    const running = hasHit ? this.#begin() : this.#current;
    running?.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    const settling = this.#current?.pipeline.ends?.settle();
    if (settling !== undefined) await settling;
    await this.#current?.pipeline.flush();
  }

  /** What takes calls now. */
  get #receiver(): CallReceiver | undefined {
    const [exporter] = this.#exporters;
    return this.#current ?? exporter ?? this.#last;
  }

  functions(incoming?: object): RequestFunctions | undefined {
    return this.#receiver?.functions(incoming);
  }

  functionsForHits(): RequestFunctions | undefined {
    this.#begin();
    return this.functions();
  }

  addExporter(exporter: CallReceiver): () => void {
    this.#exporters.add(exporter);
    return () => this.#exporters.delete(exporter);
  }

  /** Listens for servers, connections and, until the tracker begins, requests: a server can get its connections by hand. */
  #listen(): () => void {
    publishRequestsOnBun();
    watchUnseenServers((name) => {
      const hasProcessor = [...this.#members].some(({ kind }) => kind === 'processor');
      if (!hasProcessor && this.#begin())
        createDiagnostics().warn(coded('server-not-seen', unseenServer(name)));
    });
    const onListen = channelListener(isObject, (message) => {
      const { server } = message as { server?: Server };
      if (!isObject(server) || !(isHttpServer(server) || this.#isPrimaryWithSpool())) return;
      const isFirst = this.#running === undefined;
      const running = this.#begin();
      if (isFirst) running?.prepare();
      running?.begin();
    });
    const onConnection = channelListener(isObject, (message) => {
      const { server } = (message as { socket?: { server?: Server } }).socket ?? {};
      if (!isObject(server) || !isHttpServer(server)) return;
      const running = this.#begin();
      running?.begin();
      if (isHttp2Server(server)) running?.expectStreams(server);
    });
    const ofServers: ChannelListeners = [
      [LISTEN_CHANNEL, onListen],
      [CONNECTION_CHANNEL, onConnection],
    ];
    const toFirst = (channel: string) => (message: object) => {
      unsubscribe(ofFirstRequest);
      if (this.#running === undefined) this.#begin()?.capture.announce(channel, message);
    };
    const ofFirstRequest: ChannelListeners = [
      [REQUEST_CHANNEL, channelListener(isRequestMessage, toFirst(REQUEST_CHANNEL))],
      [STREAM_CHANNEL, channelListener(isStreamMessage, toFirst(STREAM_CHANNEL))],
    ];
    subscribe(ofServers);
    subscribe(ofFirstRequest);
    return () => {
      unsubscribe(ofServers);
      unsubscribe(ofFirstRequest);
    };
  }

  /**
   * Whether this is the primary of a cluster with a spool. It lives longer than its workers and sends what they leave in the spool; without
   * a spool it has nothing to send.
   */
  #isPrimaryWithSpool(): boolean {
    if (!(this.#options?.spool ?? environment().MATOMO_SPOOL)) return false;
    const cluster: object = process.getBuiltinModule('cluster');
    const { isPrimary, workers } = cluster as Cluster;
    return isPrimary && Object.keys(workers ?? {}).length > 0;
  }
}

/** Whether an event of a span makes a hit. */
function isHit({ name }: { readonly name: string }): boolean {
  return name === 'matomo.hit';
}

/** Does not load `node:http`, which the process may not need. */
function isHttpServer(server: Server): boolean {
  return 'maxHeadersCount' in server || isHttp2Server(server);
}

/** Checks the class by name, because Node.js does not export it. */
function isHttp2Server(server: object): boolean {
  return /^Http2(?:Secure)?Server$/.test(server.constructor?.name);
}

/** Whether options have the same names and values. Functions are the same if their texts are. */
function areSame(options: object, others: object): boolean {
  const names = Object.keys(options);
  if (names.length !== Object.keys(others).length) return false;
  return names.every((name) => {
    const [value, other] = [options, others].map((each) => Reflect.get(each, name));
    return value === other || describe(value) === describe(other);
  });
}

function describe(value: unknown): unknown {
  try {
    return JSON.stringify(value, (_name, each) =>
      typeof each === 'function' || each instanceof RegExp ? String(each) : each,
    );
  } catch {
    return value; // it refers to itself, as a meter provider does: no other one is the same
  }
}

function startedTwice(names: string): string {
  return `Other options were set in code (${names}), but this process has a tracker with options in code. They have no effect. Set all options where the tracker is first made, or call shutdown() before.`;
}

function otherVersion(version: string): string {
  return `Version ${VERSION} was loaded beside version ${version}, which tracks in this process. Both use that tracker. Install one version.`;
}

function unseenServer(name: string): string {
  return `${name} does not go through node:http. Its requests are not tracked, except those with spans. See docs/versions.md in this package.`;
}
