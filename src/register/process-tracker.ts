import { createDiagnostics, PREFIX, writeToStderr } from '../common/diagnostics.js';
import { findShared, shared, TRACKER_KEY } from '../common/foreign-objects.js';
import { coded } from '../common/messages.js';
import { withoutTracing } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import { AsyncScope } from '../common/timers.js';
import type { MatomoOptions } from '../options.js';
import type { FinishedSpan } from '../request/finished-span.js';
import type { RequestFunctions } from '../request/functions.js';
import type { ProviderWatch, SpanListener } from '../spans/attach.js';
import type { RequestWatch } from '../tracker/request-watch.js';
import type { MatomoStats } from '../tracker/stats.js';
import { VERSION } from '../version.js';
import { watchServers } from './watch-servers.js';

type Late = typeof import('../tracker/request-watch.js');

/** The tracker of this process or thread, which is made if there is none. `load` returns the code that is needed when it begins. */
export function openTracker(load: () => Late): ProcessTracker {
  const known = findShared<ProcessTracker>(TRACKER_KEY);
  if (known && known.version !== VERSION) {
    const text = `Version ${VERSION} was loaded beside version ${known.version}, which tracks in this process. Both use that tracker. Install one version.`;
    createDiagnostics().warn(coded('other-version', text));
  }
  return known ?? shared(TRACKER_KEY, () => new ProcessTracker(load));
}

/** What `register`, `start` and processors get from the tracker of their process. Nothing here throws or rejects. */
export interface TrackerHandle extends SpanListener {
  /** Counts since the tracker began; `undefined` until then. */
  stats(): MatomoStats | undefined;
  /** Sends what is queued. That of the last handle also ends the tracker. */
  shutdown(): Promise<void>;
}

/** From the first `register`, `start` or processor until the last of them is shut down. */
class Life {
  /** Options of the first code that has any. */
  options: MatomoOptions = {};
  /** Whether requests without a SERVER span count, and hits are sent at the end of the process: there is a `register` or `start`. */
  countsAll = false;
  /** Handles that are not shut down. */
  readonly handles = new Set<TrackerHandle>();
  hasBegun = false;
  /** What tracks, or has tracked; `undefined` if the options do not allow it. */
  watch: RequestWatch | undefined;
  stopListening: (() => void) | undefined;
}

/**
 * The one tracker of a process or thread. It reads no environment and loads nothing until a server listens, a SERVER span starts or a call
 * makes a hit: with `NODE_OPTIONS` it also is in npm and compilers, and an application may set its environment in code.
 */
export class ProcessTracker implements SpanListener {
  readonly version: string = VERSION;
  readonly #load: () => Late;
  /** A request or a call of the application may be what the tracker begins with. */
  readonly #scope = new AsyncScope('opentelemetry-matomo');
  #providers: ProviderWatch | undefined;
  life: Life | undefined;
  /** What has tracked for processors alone: calls that come later count as lost, or are sent at the event `exit`. */
  #last: RequestWatch | undefined;

  constructor(load: () => Late) {
    this.#load = load;
  }

  /** Makes the tracker track, for as long as the handle is not shut down. Options hold if they are the first ones, and nothing tracks yet. */
  join(kind: 'register' | 'start' | 'processor', given: object): TrackerHandle {
    this.life ??= new Life();
    const { life } = this;
    const set = Object.entries(given).filter(([, value]) => value !== undefined);
    const isFirst = !life.hasBegun && Object.keys(life.options).length === 0;
    if (isFirst) life.options = Object.fromEntries(set);
    else if (set.length > 0) {
      const names = set.map(([name]) => name).join(', ');
      const text = `Options were set in code (${names}), but this process tracks with those of earlier code or of the environment. These hold, also if the others would send less. Set all options where the tracker is first made, before a server listens.`;
      createDiagnostics().warn(coded('started-twice', text));
    }
    if (kind !== 'processor') {
      life.countsAll = true;
      life.watch?.pipeline.countAll();
    }
    if (!life.hasBegun) life.stopListening ??= watchServers(this);
    let closed: Promise<void> | undefined;
    const handle: TrackerHandle = {
      onStart: (span, parentContext) => {
        if (life.handles.has(handle)) this.onStart(span, parentContext);
      },
      onEnd: (span) => {
        if (life.handles.has(handle)) this.onEnd(span);
        else life.watch?.endLate(span);
      },
      stats: () => life.watch?.pipeline.stats(),
      forceFlush: async () => life.watch?.flush(),
      shutdown: () => {
        closed ??= this.#close(life, handle);
        return closed;
      },
    };
    life.handles.add(handle);
    return handle;
  }

  async #close(life: Life, handle: TrackerHandle): Promise<void> {
    life.handles.delete(handle);
    if (life.handles.size > 0) return life.watch?.flush();
    this.life = undefined;
    this.#last = life.countsAll ? undefined : life.watch;
    life.stopListening?.();
    await life.watch?.shutdown();
  }

  /** Begins to track, unless that was tried before. */
  begin(): RequestWatch | undefined {
    const { life } = this;
    if (!life || life.hasBegun) return life?.watch;
    life.hasBegun = true;
    try {
      const { startWatch, watchProviders } = withoutTracing(this.#load);
      this.#scope.runInAsyncScope(() => {
        this.#providers ??= watchProviders(this);
        life.watch = startWatch(life.options, life.countsAll, this.#providers);
      });
    } catch (error) {
      const text = `Could not load the tracker (${error}). Nothing is tracked. Install the package again.`;
      writeToStderr(PREFIX + coded('not-started', text)); // the code that logs messages is not loaded
    }
    // Test runners load the package once per file in one process: each would listen until the process ends.
    if (!life.watch) life.stopListening?.();
    return life.watch;
  }

  onStart(span: Span, parentContext: Context): void {
    const isServer = (span as Partial<FinishedSpan> | undefined)?.kind === 1;
    (isServer ? this.begin() : this.life?.watch)?.onStart(span, parentContext);
  }

  onEnd(span: FinishedSpan): void {
    const hasHit = !this.life?.hasBegun && span?.events?.some(({ name }) => name === 'matomo.hit');
    (hasHit ? this.begin() : this.life?.watch)?.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    await this.life?.watch?.flush();
  }

  /** The functions for one of Node's requests, or for that of the async context; `undefined` if nothing tracks. */
  functions(incoming?: object): RequestFunctions | undefined {
    return this.life?.watch?.functions(incoming);
  }

  /** The same for a call that makes a hit, with which tracking may begin. */
  functionsForHits(): RequestFunctions | undefined {
    return (this.begin() ?? this.#last)?.functions();
  }
}
