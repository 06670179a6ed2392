import { isCatchAllRoute } from '../../hit/catch-all-route.js';
import { type FinishedSpan, textOf } from '../finished-span.js';

/** Of Express' and Connect's instrumentations; the spans of their layers have parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'connect.type'] as const;

/** The route that a span below the server span names, as those of Next.js and SvelteKit do. */
export function routeBelow({ attributes }: FinishedSpan): string | undefined {
  const route = textOf(attributes['http.route']);
  if (route === undefined || isCatchAllRoute(route)) return undefined;
  return LAYER_ATTRIBUTES.some((name) => attributes[name] !== undefined) ? undefined : route;
}
