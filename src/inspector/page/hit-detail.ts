import type { AiRequest, InspectedHit, Referrer } from '../inspected-hit.js';
import { byId, cell, element, formatTime, row, setText } from './elements.js';
import { explain } from './explain-parameters.js';
import { type HeldHit, shorten } from './held-hits.js';

const MAX_VALUE_CHARACTERS = 2000;

/** Shows one hit with its parameters and what Matomo stores of it. */
export function createHitDetail() {
  const section = byId('detail', HTMLElement);
  const heading = byId('detail-heading', HTMLElement);
  const verdict = byId('detail-verdict', HTMLElement);
  const reason = byId('detail-reason', HTMLElement);
  const parameters = byId('detail-parameters', HTMLTableSectionElement);
  const stored = byId('detail-stored', HTMLElement);

  return {
    show({ hit, title }: HeldHit): void {
      section.hidden = false;
      setText(heading, title);
      verdict.className = `verdict ${hit.verdict}`;
      setText(verdict, hit.verdict);
      setText(reason, [hit.reason, formatTime(hit.received)].filter(Boolean).join(' · '));
      parameters.replaceChildren(
        ...Object.entries(hit.params).map(([name, value]) => toParameterRow(hit, name, value)),
      );
      stored.replaceChildren(...toStoredRow(hit));
    },
    hide(): void {
      section.hidden = true;
    },
    focus: () => heading.focus(),
  };
}

function toParameterRow(hit: InspectedHit, name: string, value: string): HTMLTableRowElement {
  const [meaning = 'unknown to Matomo', column, needsToken] = explain(name) ?? [];
  const label = element('th', { role: 'rowheader', scope: 'row', class: 'code' }, name);
  if (needsToken) label.append(element('span', { class: 'token' }, 'needs token'));
  return row(
    label,
    cell('value', 'value code', shorten(value, MAX_VALUE_CHARACTERS) || '(empty)'),
    cell('meaning', 'meaning', meaning),
    cell('Matomo stores', 'value code', storedAs(hit, name, column)),
  );
}

/** The fields that Matomo stores of a request by an AI chatbot, by parameter. It ignores all others. */
const AI_REQUEST_FIELDS: Readonly<Record<string, keyof AiRequest>> = {
  idsite: 'site',
  ua: 'name',
  cdt: 'time',
  url: 'url',
  download: 'url',
  http_status: 'statusCode',
  bw_bytes: 'bytes',
  pf_srv: 'millis',
  source: 'source',
};

function storedOfChatbot(aiRequest: AiRequest, name: string): string {
  const field = Object.hasOwn(AI_REQUEST_FIELDS, name) ? AI_REQUEST_FIELDS[name] : undefined;
  const value = field === undefined ? undefined : aiRequest[field];
  const isReplaced = name === 'url' && aiRequest.kind === 'document';
  return value === undefined || isReplaced
    ? 'nothing'
    : shorten(`${field} = ${value}`, MAX_VALUE_CHARACTERS);
}

/** The column of a parameter, with its value if it is a column of the action. */
function storedAs(hit: InspectedHit, name: string, column?: string): string {
  const { stored, verdict, aiRequest, droppedParameters = {} } = hit;
  if (aiRequest) return storedOfChatbot(aiRequest, name);
  if (verdict !== 'tracked' || column === undefined) return 'nothing';
  if (column.startsWith('log_')) return column;
  if (stored === null) return 'nothing';
  const number = name.replace(/\D/g, '');
  const columns = column.endsWith('*')
    ? Object.keys(stored).filter((key) =>
        number === '' ? key.startsWith(column.slice(0, -1)) : key === column.replace('*', number),
      )
    : Object.keys(stored).filter((key) => key === column);
  const rows = new Map<string, unknown>(Object.entries(stored));
  const texts = columns.map((key) => `${key} = ${rows.get(key)}`);
  if (Object.hasOwn(droppedParameters, name)) texts.push(`dropped: ${droppedParameters[name]}`);
  return shorten(texts.join('\n'), MAX_VALUE_CHARACTERS) || `nothing in ${column}`;
}

function toText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function toStoredRow({ stored, aiRequest, conversion, referrer }: InspectedHit): Node[] {
  const columns = stored ?? aiRequest ?? conversion;
  if (columns === undefined)
    return [element('p', { class: 'dim' }, 'Matomo stores no row for this hit.')];
  const pairs = Object.entries(columns).flatMap(([name, value]) => [
    element('dt', { class: 'code' }, name),
    element('dd', { class: 'code' }, shorten(toText(value), MAX_VALUE_CHARACTERS) || '(empty)'),
  ]);
  return [element('dl', {}, ...pairs), ...(referrer ? [toReferrerLine(referrer)] : [])];
}

/** A hit has a referrer if it starts a visit or changes the referrer of its visit. */
function toReferrerLine({ kind, referer_name, referer_keyword }: Referrer): Node {
  const name = referer_name === undefined ? '' : `: ${referer_name}`;
  const keyword = referer_keyword === undefined ? '' : `, keyword: ${referer_keyword}`;
  const text = shorten(`Referrer of the visit: ${kind}${name}${keyword}`, MAX_VALUE_CHARACTERS);
  return element('p', { class: 'dim' }, text);
}
