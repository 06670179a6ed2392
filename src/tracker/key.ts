import { findShared, TRACKER_KEY } from '../common/foreign-objects.js';
import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../request/finished-span.js';
import type { RequestFunctions } from '../request/functions.js';
import type { SpanListener } from '../spans/attach.js';
import type { MatomoStats } from './stats.js';

/** How a tracker was made or joined. */
export type MemberKind = 'register' | 'start' | 'processor';

/** Whoever has made or joined the tracker. */
export interface TrackerMember {
  /** Called for every span that starts. After a shutdown, it is not tracked. */
  onStart(span: Span, parentContext: Context): void;
  /** Called for every span that ends. The request of one that started before a shutdown is counted as lost. */
  onEnd(span: FinishedSpan): void;
  /** Counts since the tracker began; `undefined` until then. */
  stats(): MatomoStats | undefined;
  forceFlush(): Promise<void>;
  /** Sends what is queued. The shutdown of the last member ends the tracker. */
  shutdown(): Promise<void>;
}

/** The tracker as other copies of the package see it. Nothing here throws or rejects. */
export interface SharedTracker extends SpanListener {
  /** Of the package. */
  readonly version: string;
  join(kind: MemberKind, options: object): TrackerMember;
  /** The functions for one of Node's requests, or for that of the async context; `undefined` if nothing tracks. */
  functions(incoming?: object): RequestFunctions | undefined;
  /** The same for a call that makes a hit, which the tracker may begin with. */
  functionsForHits(): RequestFunctions | undefined;
  /** Adds what makes hits as long as nothing tracks. Returns a function that removes it. */
  addExporter(exporter: CallReceiver): () => void;
}

/** What makes hits of calls. */
export interface CallReceiver {
  functions(incoming?: object): RequestFunctions;
}

/** The tracker of this process or thread, of any copy of the package. */
export function findTracker(): SharedTracker | undefined {
  return findShared<SharedTracker>(TRACKER_KEY);
}
