import { type FinishedSpan, textOf } from '../finished-span.js';
import { specific } from './index.js';

/** Set by the instrumentations of Express, its router and Connect, whose spans have only parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'router.type', 'connect.type'] as const;
const SUB_REQUEST = 'sveltekit.is_sub_request';
/** Every attribute that is read here, so that the gateway keeps them. */
export const ROUTE_BELOW_ATTRIBUTES: readonly string[] = [
  'http.route',
  ...LAYER_ATTRIBUTES,
  SUB_REQUEST,
];

/** The route named by a child span, as Next.js and SvelteKit do. */
export function routeBelow(span: FinishedSpan): string | undefined {
  const { name, attributes } = span;
  const route = specific(textOf(attributes['http.route']));
  if (route === undefined) return undefined;
  if (name.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route)) return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes[SUB_REQUEST] !== true;
}
