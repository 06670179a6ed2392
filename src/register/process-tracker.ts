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

/** Returns the tracker of this process or thread, and creates it if there is none. `load` returns the code that is needed once tracking begins. */
export function openTracker(load: () => Late): ProcessTracker {
  const known = findShared<ProcessTracker>(TRACKER_KEY);
  if (known && known.version !== VERSION) {
    const text = `Version ${VERSION} was loaded beside version ${known.version}, which tracks in this process. Both use that tracker. Install one version.`;
    createDiagnostics().warn(coded('other-version', text));
  }
  return known ?? shared(TRACKER_KEY, () => new ProcessTracker(load));
}

/** The interface of the process's tracker for `register`, `start` and processors. Its methods never throw or reject. */
export interface TrackerHandle extends SpanListener {
  /** Counts since the tracker began; `undefined` until then. */
  stats(): MatomoStats | undefined;
  /** Sends queued hits. The shutdown of the last handle also ends the tracker. */
  shutdown(): Promise<void>;
}

/** The state from the first `register`, `start` or processor until the last of them is shut down. */
class Life {
  /** Options of the first code that sets any. */
  options: MatomoOptions = {};
  /** Whether requests without a SERVER span are tracked, and hits are sent at the end of the process: with `register` or `start`. */
  countsAll = false;
  /** Handles that have not been shut down. */
  readonly handles = new Set<TrackerHandle>();
  hasBegun = false;
  /** The current or last tracking; `undefined` if the options do not allow any. */
  watch: RequestWatch | undefined;
  stopListening: (() => void) | undefined;
}

/**
 * The only tracker of a process or thread. It reads no environment and loads nothing until a server listens, a SERVER span starts or a call
 * tracks a hit. With `NODE_OPTIONS` it is also loaded in npm and compilers, and an application may set its environment in code.
 */
export class ProcessTracker implements SpanListener {
  readonly version: string = VERSION;
  readonly #load: () => Late;
  /** Keeps the tracker out of the async context of the request or call with which tracking begins. */
  readonly #scope = new AsyncScope('opentelemetry-matomo');
  #providers: ProviderWatch | undefined;
  life: Life | undefined;
  /** The last tracking of processors without `register` or `start`. Hits of later calls count as lost, or are sent at the event `exit`. */
  #last: RequestWatch | undefined;

  constructor(load: () => Late) {
    this.#load = load;
  }

  /** Adds a handle, and tracks until the last one is shut down. Options apply if they are the first ones, and tracking has not begun. */
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

  /** Begins to track, unless an earlier call has tried that. */
  begin(): RequestWatch | undefined {
    const { life } = this;
    if (!life || life.hasBegun) return life?.watch;
    life.hasBegun = true;
    try {
      this.#scope.runInAsyncScope(() => {
        const { startWatch, watchProviders } = withoutTracing(this.#load);
        this.#providers ??= watchProviders(this);
        life.watch = startWatch(life.options, life.countsAll, this.#providers);
      });
    } catch (error) {
      const text = `Could not load the tracker (${error}). Nothing is tracked. Install the package again.`;
      writeToStderr(PREFIX + coded('not-started', text)); // the code that logs messages is not loaded
    }
    // Test runners load the package once per file in one process. Without this, each copy would listen until the process ends.
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

  /** The functions for one of Node's requests, else for the request of the async context; `undefined` if nothing tracks. */
  functions(incoming?: object): RequestFunctions | undefined {
    return this.life?.watch?.functions(incoming);
  }

  /** The functions for a call that tracks a hit. Tracking begins with such a call. */
  functionsForHits(): RequestFunctions | undefined {
    return (this.begin() ?? this.#last)?.functions();
  }
}
