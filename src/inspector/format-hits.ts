import type { AiRequest, Conversion, InspectedHit } from './inspected-hit.js';
import { TIMINGS } from './rules/store-action.js';

const HEADINGS = ['time', 'site', 'verdict', 'type', 'action', 'status', 'load time', 'visitor'];
const MAX_CELL_CHARACTERS = 60;

/**
 * Formats hits as a table in plain text, one line for each hit. A hit that is not stored has the reason instead of its
 * title. A request by an AI chatbot has the name of the chatbot as visitor, and the size of the response after the URL. Long texts are cut.
 *
 * @example
 * console.log(formatHits(inspector.hits()));
 */
export function formatHits(hits: readonly InspectedHit[]): string {
  const rows = [HEADINGS, ...hits.map(toRow)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function toRow(hit: InspectedHit): string[] {
  const { params, stored, aiRequest, conversion } = hit;
  const seconds = stored?.server_time ?? aiRequest?.time ?? Math.floor(hit.received / 1000);
  const visitor = aiRequest?.name ?? (params.uid || params.cid || params._id || '-');
  return [
    new Date(seconds * 1000).toISOString().slice(11, 19),
    toCell(params.idsite || '-'),
    hit.verdict,
    stored?.type ?? aiRequest?.kind ?? conversion?.kind ?? '-',
    aiRequest ? toAiRequestText(aiRequest) : toCell(toActionText(hit)),
    String(hit.status ?? '-'),
    toLoadTime(hit),
    toCell(visitor),
  ];
}

function toAiRequestText({ url, bytes }: AiRequest): string {
  const text = toCell(url ?? 'no url');
  return bytes === undefined ? text : `${text} (${bytes} bytes)`;
}

function toConversionText({ idgoal, idorder, revenue, items }: Conversion): string {
  const named = idorder ?? (idgoal > 0 ? `goal ${idgoal}` : undefined);
  const pieces = items === undefined ? undefined : `${items} items`;
  const money = revenue === undefined ? undefined : `revenue ${revenue}`;
  return [named, pieces, money].filter(Boolean).join(', ');
}

function toActionText({ stored, reason, conversion }: InspectedHit): string {
  if (conversion) return toConversionText(conversion);
  if (stored === null) return reason ?? '-';
  const event = [stored.event_category, stored.event_action, stored.event_name]
    .filter(Boolean)
    .join(' / ');
  return stored.title ?? stored.search ?? (event || stored.url) ?? '-';
}

/** The sum of all timings, which Matomo shows as page load time. */
function toLoadTime({ stored, aiRequest }: InspectedHit): string {
  if (aiRequest) return aiRequest.millis === undefined ? '-' : `${aiRequest.millis} ms`;
  const timings = Object.values(TIMINGS).flatMap((column) => stored?.[column] ?? []);
  return timings.length === 0 ? '-' : `${timings.reduce((sum, millis) => sum + millis)} ms`;
}

/** A text of a visitor must neither control the terminal nor widen all lines. */
function toCell(text: string): string {
  const isLong = text.length > MAX_CELL_CHARACTERS;
  const short = isLong ? `${text.slice(0, MAX_CELL_CHARACTERS - 1)}…` : text;
  return short.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '?');
}
