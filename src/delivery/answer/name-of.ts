import { show } from '../../common/diagnostics.js';
import type { Hit, HitKind } from '../../hit/hit.js';

const KINDS: Readonly<Record<HitKind, string>> = {
  action: 'page view',
  chatbot: 'request by an AI chatbot',
};

/** What a hit is, for a message: without URL, title and everything else that a visitor may have written. */
export function nameOf({ kind, query }: Pick<Hit, 'kind' | 'query'>): string {
  const parameters = new URLSearchParams(query);
  const goal = parameters.get('idgoal');
  const order = parameters.get('ec_id');
  if (order) return `order ${showId(order)}`;
  if (goal === '0') return 'cart';
  if (goal !== null) return `goal ${showId(goal)}`;
  const category = parameters.get('e_c');
  if (category !== null) return `event ${show(`${category}/${parameters.get('e_a') ?? ''}`)}`;
  if (parameters.has('search')) return 'site search';
  if (parameters.has('download')) return 'download';
  return parameters.has('link') ? 'outlink' : KINDS[kind];
}

function showId(id: string): string {
  return /^[\w.-]{1,50}$/.test(id) ? id : show(id);
}
