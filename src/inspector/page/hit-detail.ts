import type { InspectedHit, Referrer } from '../inspected-hit.js';
import { byId, element, formatTime, setText } from './elements.js';
import { explain } from './explain-parameters.js';
import { type HeldHit, shorten } from './held-hits.js';

const MAX_VALUE_CHARACTERS = 2000;

/** Shows one hit with its parameters and what Matomo stores of it. */
export function showDetail({ hit, title }: HeldHit): void {
  const { verdict, reason, received, params, droppedParameters = {} } = hit;
  const heading = byId('detail-heading');
  setText(heading, title);
  byId('detail-verdict').className = verdict;
  setText(byId('detail-verdict'), verdict);
  setText(byId('detail-reason'), [reason, formatTime(received)].filter(Boolean).join(' · '));
  const dropped = new Map(Object.entries(droppedParameters));
  const rows = Object.entries(params).map(([name, value]) => {
    const meaning = explain(name) ?? 'unknown to Matomo';
    const why = dropped.get(name);
    return element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'code' }, name),
      element('td', { class: 'code' }, toText(value)),
      element('td', {}, why === undefined ? meaning : `${meaning}\ndropped: ${why}`),
    );
  });
  byId('detail-parameters').replaceChildren(...rows);
  byId('detail-stored').replaceChildren(...toStored(hit));
  byId('detail').hidden = false;
  heading.focus();
}

function toText(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return shorten(text, MAX_VALUE_CHARACTERS) || '(empty)';
}

function toStored({ stored, aiRequest, conversion, referrer }: InspectedHit): Node[] {
  const columns = stored ?? aiRequest ?? conversion;
  if (columns === undefined) {
    return [element('p', { class: 'dim' }, 'Matomo stores no row for this hit.')];
  }
  const pairs = Object.entries(columns).flatMap(([name, value]) => [
    element('dt', { class: 'code' }, name),
    element('dd', { class: 'code' }, toText(value)),
  ]);
  const row = element('dl', {}, ...pairs);
  return referrer ? [row, element('p', { class: 'dim' }, describe(referrer))] : [row];
}

/** A hit has a referrer if it starts a visit or changes the referrer of its visit. */
function describe({ kind, referer_name, referer_keyword }: Referrer): string {
  const name = referer_name === undefined ? '' : `: ${referer_name}`;
  const keyword = referer_keyword === undefined ? '' : `, keyword: ${referer_keyword}`;
  return `Referrer of the visit: ${kind}${name}${keyword}`;
}
