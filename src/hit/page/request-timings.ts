import type { HitFields } from '../field.js';
import type { HttpRequest } from '../http-request.js';
import { PARAMETERS, type SettableParameter } from '../parameters/parameter-table.js';
import { toParameterValue } from '../parameters/parameter-value.js';
import { PERF_KEYS } from '../parameters/tracking-parameters.js';

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
    if (sum !== undefined) setParameter(parameters, key, sum);
  }
}

/** Whether the application has set the server time. */
export function isServerTimeSet(
  { annotations, optionParameters }: HttpRequest,
  ofRoute: Readonly<Record<string, unknown>> | undefined,
): boolean {
  const isSetBy = (layer: Readonly<Record<string, unknown>> | undefined) =>
    layer !== undefined && toParameterValue(PARAMETERS.pf_srv, layer.pf_srv) !== undefined;
  return (
    isSetBy(optionParameters) ||
    isSetBy(ofRoute) ||
    annotations.some(
      ({ timings, parameters }) => timings?.pf_srv !== undefined || isSetBy(parameters),
    )
  );
}

/** Matomo adds all timings to the page load time. The server time is reduced, so that the sum is the duration of the request. */
export function subtractOtherTimings(parameters: HitFields, request: HttpRequest): void {
  let others = 0;
  for (const key of PERF_KEYS) if (key !== 'pf_srv') others += Number(parameters.get(key) ?? 0);
  if (others === 0 || !isTimed(request)) return;
  setParameter(parameters, 'pf_srv', Math.max(0, Math.round(request.durationMillis) - others));
}

/** Sets a parameter if its value is valid. */
export function setParameter(
  parameters: HitFields,
  name: SettableParameter,
  unchecked: unknown,
): void {
  const value = toParameterValue(PARAMETERS[name], unchecked);
  if (value !== undefined) parameters.set(name, value);
}
