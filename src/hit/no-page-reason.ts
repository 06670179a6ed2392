import { isPollingSession } from './engine-io.js';
import type { HttpRequest } from './http-request.js';
import { endsInWildcard } from './page/catch-all-route.js';
import { isStaticFile } from './static-files.js';

export interface NoPageOptions {
  readonly staticFiles: 'ignore' | 'track';
  readonly prefetches: 'ignore' | 'track';
}

/** Why a request that no filter ignores is still no page view: browsers and libraries send it besides those of pages. */
export type NoPageReason = 'polling' | 'prefetch' | 'static';

export function createFindNoPageReason({
  staticFiles,
  prefetches,
}: NoPageOptions): (request: HttpRequest) => NoPageReason | undefined {
  const ignoresPrefetches = prefetches === 'ignore';
  const ignoresStaticFiles = staticFiles === 'ignore';

  return function findNoPageReason(request) {
    const { method, path, query } = request;
    if (isPollingSession(query) && !isEndpoint(request)) return 'polling';
    if (ignoresPrefetches && request.isPrefetch) return 'prefetch';
    if (!ignoresStaticFiles || !isStaticFile(path) || !READS.test(method)) return undefined;
    return isEndpoint(request) ? undefined : 'static';
  };
}

const READS = /^(?:GET|HEAD)$/i;

/** Whether the application has a route for just this path. A mount path and a route that ends in a wildcard serve any file below. */
function isEndpoint({ route, path }: HttpRequest): boolean {
  if (route === undefined || endsInWildcard(route)) return false;
  return !path.startsWith(route.endsWith('/') ? route : `${route}/`);
}
