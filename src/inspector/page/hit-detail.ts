import { byId, element, formatTime, setText } from './elements.js';
import { type HeldHit, shorten } from './held-hits.js';

const MAX_VALUE_CHARACTERS = 2000;

/** Shows one hit: what Matomo stores, and the parameters that were sent. */
export function showDetail({ hit, title, visitor }: HeldHit): void {
  const { verdict, reason, received, params, stored, droppedParameters = {} } = hit;
  const heading = byId('detail-heading');
  setText(heading, title);
  byId('detail-verdict').className = verdict;
  setText(byId('detail-verdict'), verdict);
  setText(byId('detail-reason'), [reason, formatTime(received)].filter(Boolean).join(' · '));
  const { type = 'nothing', title: ofAction = '–', url = '–', time } = stored ?? {};
  byId('detail-stored').replaceChildren(
    toRow('type', type),
    toRow('title', ofAction),
    toRow('URL', url),
    toRow('visitor', visitor),
    toRow('time', time === undefined ? '–' : new Date(time).toISOString()),
  );
  byId('detail-parameters').replaceChildren(
    ...Object.entries(params).map(([name, value]) => {
      const isDropped = Object.hasOwn(droppedParameters, name);
      return toRow(
        name,
        value || '(empty)',
        isDropped ? `dropped: ${droppedParameters[name]}` : '',
      );
    }),
  );
  byId('detail').hidden = false;
  heading.focus();
}

function toRow(name: string, value: string, note?: string): HTMLElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row', class: 'code' }, name),
    element('td', { class: 'code' }, shorten(value, MAX_VALUE_CHARACTERS)),
    ...(note === undefined ? [] : [element('td', {}, note)]),
  );
}
