import { findShared, shared } from './foreign-objects.js';

/** Under this key the one registration of a process is offered to every copy of the package. */
const START = Symbol.for('opentelemetry-matomo.start.1');

/** One time of tracking, from `register` or `start` until `shutdown`. */
export interface Session {
  /** Options of `start`, which win over the environment when the process serves. */
  options: object;
  /** What `start` has returned. */
  handle: object | undefined;
  /** Whether tracking has begun, so that options have no effect any more. */
  readonly isServing: boolean;
  /** Called if `register` is loaded after `start`. */
  onRegister: () => void;
  /** What tracks: the processors of the application's SDK or, without those, the own one. Empty until the process serves. */
  processors(): readonly object[];
  forceFlush(): Promise<void>;
  /** Stops tracking. After that, `session()` of the offer returns another one. */
  shutdown(): Promise<void>;
}

export interface StartOffer {
  /** Whether `register` is loaded. */
  readonly isRegistered: boolean;
  /** Called by each `register` that is loaded later. */
  addRegister(): void;
  /** Starts tracking now, unless it was shut down: a call makes a hit before the process serves. */
  serve(): void;
  /** The session that tracks. After a shutdown, a new one. */
  session(): Session;
}

export function offerStart(offer: StartOffer): void {
  shared(START, () => offer);
}

/** The offer of `register` or `start` of any copy of the package. */
export function startOffer(): StartOffer | undefined {
  return findShared(START);
}
