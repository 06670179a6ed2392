import { isObject } from '../common/channel-listener.js';
import { createHiddenValue, type HiddenValue, shared } from '../common/foreign-objects.js';
import type { Request } from './request.js';

// Which announced request one of Node's requests or streams, or a span from its start, belongs to. It leads to the requests of all processors
// and copies of this package. So nothing but these objects and its async context keeps a request in memory that may never end.

const KEY = Symbol.for('opentelemetry-matomo.owner.1');
let owners: HiddenValue<Request> | undefined;

function openOwners(): HiddenValue<Request> {
  owners ??= shared(KEY, createHiddenValue<Request>);
  return owners;
}

export function ownerOf(object: unknown): Request | undefined {
  return isObject(object) ? openOwners().get(object) : undefined;
}

export function setOwner(object: object, announced: Request): void {
  try {
    openOwners().set(object, announced);
  } catch {
    // A runtime may refuse it to a frozen span, which then has no owner, as if it were not recorded.
  }
}
