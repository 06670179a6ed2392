import { createField, type HitFields } from '../field.js';
import type { HttpRequest } from '../http-request.js';
import { PARAMETERS } from '../parameters/parameter-table.js';
import { toParameterValue } from '../parameters/parameter-value.js';
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

/** Matomo adds all timings to the page load time. The server time is reduced, so that the sum is the duration of the request. */
export function subtractOtherTimings(
  parameters: HitFields,
  request: HttpRequest,
  ofRoute: Layer,
): void {
  let others = 0;
  for (const { name, value } of parameters.added) {
    if (isPerfKey(name) && name !== 'pf_srv') others += Number(value);
  }
  if (others === 0 || !isTimed(request) || isServerTimeSet(request, ofRoute)) return;
  const left = Math.max(0, Math.round(request.durationMillis) - others);
  parameters.add(createField('pf_srv', left));
}

type Layer = Readonly<Record<string, unknown>> | undefined;

/** Whether the application has set the server time. */
function isServerTimeSet({ annotations, optionParameters }: HttpRequest, ofRoute: Layer): boolean {
  const isSetBy = (layer: Layer) =>
    layer !== undefined && toParameterValue(PARAMETERS.pf_srv, layer.pf_srv) !== undefined;
  return (
    isSetBy(optionParameters) ||
    isSetBy(ofRoute) ||
    annotations.some(
      ({ timings, parameters }) => timings?.pf_srv !== undefined || isSetBy(parameters),
    )
  );
}
