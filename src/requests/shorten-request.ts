import { copyText } from '../common/copy-text.js';
import type { HttpRequest } from '../hit/http-request.js';

/** As long as the URL of a hit. */
const MAX_TARGET_LENGTH = 1024;

/**
 * The request with a shorter target, for hits of its visitor that are tracked after its own hit was built. Cuts between segments of
 * the path and between parameters, so that what is left is redacted as before.
 */
export function shortenRequest(request: HttpRequest): HttpRequest {
  const { path, query, referrer } = request;
  const isTargetShort = path.length + (query?.length ?? 0) <= MAX_TARGET_LENGTH;
  const isReferrerShort = (referrer?.length ?? 0) <= MAX_TARGET_LENGTH;
  if (isTargetShort && isReferrerShort) return request;
  return {
    ...request,
    // A short path can still refer to the whole target.
    path: copyText(cutBehind(path, '/') || '/'),
    query: query === undefined ? undefined : copyText(cutBehind(query, '&')) || undefined,
    referrer: isReferrerShort ? referrer : undefined,
  };
}

/** At most so long, up to the last separator. */
function cutBehind(text: string, separator: string): string {
  if (text.length <= MAX_TARGET_LENGTH) return text;
  return text.slice(0, text.lastIndexOf(separator, MAX_TARGET_LENGTH - 1) + 1);
}
