/** How an application refuses a request for a path that it may not have. */
interface Refusal {
  /** In titles, because scanners must not fill these with paths that they try. */
  readonly reason: string;
  /** In URLs that have a template as their path: none of these is a page. A 401, 403 or 410 says that there is, or was, an endpoint. */
  readonly path?: string;
  /** Whether it says that there is no such endpoint for this request, although it may have answered others. */
  readonly isFinal?: true;
}

const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: { reason: 'Bad Request', path: '/bad-request' },
  401: { reason: 'Unauthorized' },
  403: { reason: 'Forbidden' },
  404: { reason: 'Not Found', path: '/not-found', isFinal: true },
  405: { reason: 'Method Not Allowed', path: '/method-not-allowed', isFinal: true },
  410: { reason: 'Gone', isFinal: true },
};

/** How a status refuses a request; `undefined` if it does not. */
export function refusalOf(statusCode: number): Refusal | undefined {
  return REFUSALS[statusCode];
}

export function isRefusal(statusCode: number): boolean {
  return refusalOf(statusCode) !== undefined;
}
