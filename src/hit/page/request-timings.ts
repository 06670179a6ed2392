import { createField, type Field, type HitFields } from '../field.js';
import type { HttpRequest } from '../http-request.js';
import { isPerfKey, PERF_KEYS } from '../parameters/tracking-parameters.js';

/** Whether the duration is the server time: not that of an event stream, unless the stream answers one operation. */
export function isTimed(request: HttpRequest): boolean {
  if (!request.isEventStream) return true;
  return request.method === 'POST' && request.operation !== undefined;
}

/** Sets the timings from spans and `measure`, which are added up. */
export function setTimings(parameters: HitFields, request: HttpRequest): void {
  for (const key of PERF_KEYS) {
    let sum: number | undefined;
    for (const { timings } of request.annotations) {
      const millis = timings?.[key];
      if (millis !== undefined) sum = (sum ?? 0) + millis;
    }
    if (sum !== undefined) parameters.add(createField(key, sum));
  }
}

/**
 * Matomo adds all timings to the page load time. The server time is reduced, so that the sum is the duration of the request, unless it is no
 * longer that of the page: then the application has set it.
 */
export function subtractOtherTimings(
  parameters: HitFields,
  request: HttpRequest,
  ofPage: Field | undefined,
): void {
  let others = 0;
  for (const { name, value } of parameters.added) {
    if (isPerfKey(name) && name !== 'pf_srv') others += Number(value);
  }
  if (others === 0 || !isTimed(request) || parameters.find('pf_srv') !== ofPage) return;
  const left = Math.max(0, Math.round(request.durationMillis) - others);
  parameters.add(createField('pf_srv', left));
}
