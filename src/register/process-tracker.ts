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
import type { ProviderWatch, SpanListener } from '../spans/attach.js';
import type { RequestWatch } from '../tracker/request-watch.js';
import { VERSION } from '../version.js';
import { findTracker, type TrackerHandle } from './find-tracker.js';
import { watchServers } from './watch-servers.js';

type Late = typeof import('../tracker/request-watch.js');

/** The tracker of this process or thread, which is made if there is none. `load` returns the code that is needed when it begins. */
export function openTracker(load: () => Late): ProcessTracker {
  const known = findTracker();
  if (known && known.version !== VERSION)
    createDiagnostics().warn(coded('other-version', otherVersion(known.version)));
  return known ?? shared(TRACKER_KEY, () => new ProcessTracker(load));
}

/** The state from the first `register`, `start` or processor until the last of them is shut down. */
interface Life {
  options: MatomoOptions;
  /** Whether there is a `register` or `start`: then requests without a SERVER span count, and hits are sent when the process ends. */
  countsAll: boolean;
  readonly handles: Set<TrackerHandle>;
  hasBegun: boolean;
  /** The pipeline and its watch; `undefined` if the options do not allow to track. */
  watch: RequestWatch | undefined;
}

/**
 * The one tracker of a process or thread. It reads no environment and loads nothing until a server listens, a SERVER span starts or a call
 * makes a hit: with `NODE_OPTIONS` it also is in npm and compilers, and an application may set its environment in code.
 */
export class ProcessTracker implements SpanListener {
  readonly version: string = VERSION;
  readonly #load: () => Late;
  /** The tracker may begin with a request or with a call of the application. */
  readonly #scope = new AsyncScope('opentelemetry-matomo');
  #life: Life | undefined;
  #providers: ProviderWatch | undefined;
  #stopListening: (() => void) | undefined;

  constructor(load: () => Late) {
    this.#load = load;
  }

  /** Makes the tracker track, for as long as the handle is not shut down. Options hold if they are the first ones, and nothing tracks yet. */
  join(kind: 'register' | 'start' | 'processor', given: object): TrackerHandle {
    this.#life ??= {
      ...{ options: {}, countsAll: false, handles: new Set() },
      ...{ hasBegun: false, watch: undefined },
    };
    const life = this.#life;
    const set = Object.entries(given).filter(([, value]) => value !== undefined);
    const isFirst = !life.hasBegun && Object.keys(life.options).length === 0;
    if (isFirst) life.options = Object.fromEntries(set);
    else if (set.length > 0)
      createDiagnostics().warn(coded('started-twice', startedTwice(set.map(([name]) => name))));
    if (kind !== 'processor') {
      life.countsAll = true;
      life.watch?.countAll();
    }
    if (!life.hasBegun) this.#stopListening ??= this.#listen();
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
    this.#life = undefined;
    this.#stop();
    await life.watch?.shutdown();
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Begins to track, unless that was tried before. */
  #begin(): RequestWatch | undefined {
    const life = this.#life;
    if (!life || life.hasBegun) return life?.watch;
    life.hasBegun = true;
    try {
      const { startWatch, watchProviders } = withoutTracing(this.#load);
      this.#scope.runInAsyncScope(() => {
        this.#providers ??= watchProviders(this);
        life.watch = startWatch(life.options, life.countsAll, this.#providers);
      });
    } catch (error) {
      // The code that logs messages is not loaded.
      writeToStderr(
        `opentelemetry-matomo: Could not load the tracker (${error}). Nothing is tracked. Install the package again. [not-started]`,
      );
    }
    // Test runners load the package once per file in one process: each would listen until the process ends.
    if (!life.watch) this.#stop();
    return life.watch;
  }

  #listen(): () => void {
    const tracker = this;
    return watchServers({
      get hasBegun() {
        return tracker.#life?.hasBegun !== false;
      },
      get hasSpool() {
        return Boolean(tracker.#life?.options.spool ?? environment().MATOMO_SPOOL);
      },
      begin: () => this.#begin(),
      beginUnseen: (name) => {
        if (this.#life?.countsAll && this.#begin())
          createDiagnostics().warn(coded('server-not-seen', unseenServer(name)));
      },
    });
  }

  onStart(span: Span, parentContext: Context): void {
    const isServer = (span as Partial<FinishedSpan> | undefined)?.kind === 1;
    const watch = isServer ? this.#begin() : this.#life?.watch;
    watch?.onStart(span, parentContext);
  }

  onEnd(span: FinishedSpan): void {
    const hasHit = !this.#life?.hasBegun && span?.events?.some(({ name }) => name === 'matomo.hit');
    const watch = hasHit ? this.#begin() : this.#life?.watch;
    watch?.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    await this.#life?.watch?.flush();
  }

  /** The functions for one of Node's requests, or for that of the async context; `undefined` if nothing tracks. */
  functions(incoming?: object): RequestFunctions | undefined {
    return this.#life?.watch?.functions(incoming);
  }

  /** The functions for a call that makes a hit, with which tracking may begin. */
  functionsForHits(): RequestFunctions | undefined {
    return this.#begin()?.functions();
  }
}

function startedTwice(names: readonly string[]): string {
  return `Options were set in code (${names.join(', ')}), but this process tracks with those of earlier code or of the environment. These hold, also if the others would send less. Set all options where the tracker is first made, before a server listens.`;
}

function otherVersion(version: string): string {
  return `Version ${VERSION} was loaded beside version ${version}, which tracks in this process. Both use that tracker. Install one version.`;
}

function unseenServer(name: string): string {
  return `${name} does not go through node:http. Its requests are not tracked, except those with spans. See docs/versions.md in this package.`;
}
