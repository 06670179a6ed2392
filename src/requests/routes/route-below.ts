import { isCatchAllRoute } from '../../hit/catch-all-route.js';
import { type FinishedSpan, textOf } from '../finished-span.js';

/** Of Express' and Connect's instrumentations; the spans of their layers have parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'connect.type'] as const;

/** The route that a span below the server span names, as those of Next.js and SvelteKit do. */
export function routeBelow(span: FinishedSpan): string | undefined {
  const { name, attributes } = span;
  const route = textOf(attributes['http.route']);
  if (route === undefined || isCatchAllRoute(route)) return undefined;
  if (name.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route)) return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes['sveltekit.is_sub_request'] !== true;
}
