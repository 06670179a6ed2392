import { isCatchAllRoute } from '../../hit/catch-all-route.js';
import { type FinishedSpan, textOf } from '../finished-span.js';

/** Set by the instrumentations of Express and Connect, whose spans have only parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'connect.type'] as const;

/** The route named by a child span, as Next.js and SvelteKit do. */
export function routeBelow({ attributes }: FinishedSpan): string | undefined {
  const route = textOf(attributes['http.route']);
  if (route === undefined || isCatchAllRoute(route)) return undefined;
  return LAYER_ATTRIBUTES.some((name) => attributes[name] !== undefined) ? undefined : route;
}
