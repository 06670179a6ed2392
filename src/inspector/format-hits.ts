import type { InspectedHit } from './inspected-hit.js';

const HEADINGS = ['time', 'site', 'verdict', 'type', 'action', 'status', 'load time', 'visitor'];
const MAX_CELL_CHARACTERS = 60;

/**
 * Formats hits as a table in plain text, one line for each hit. For a hit that is not stored, the reason replaces the title. For a request by an
 * AI chatbot, the visitor is the name of the chatbot, and the title is the URL. Long texts are cut.
 *
 * @example
 * console.log(formatHits(inspector.hits()));
 */
export function formatHits(hits: readonly InspectedHit[]): string {
  const rows = [HEADINGS, ...hits.map((hit) => toRow(hit).map(toCell))];
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

function toRow({ params, stored, received, ...hit }: InspectedHit): string[] {
  return [
    new Date(stored?.time ?? received).toISOString().slice(11, 19),
    params.idsite || '-',
    hit.verdict,
    stored?.type ?? '-',
    stored?.title ?? stored?.url ?? hit.reason ?? '-',
    String(hit.status ?? '-'),
    hit.millis === undefined ? '-' : `${hit.millis} ms`,
    hit.visitor ?? '-',
  ];
}

/** Formats a cell. Text of a visitor must neither control the terminal nor widen the table. */
function toCell(text: string): string {
  const isLong = text.length > MAX_CELL_CHARACTERS;
  const short = isLong ? `${text.slice(0, MAX_CELL_CHARACTERS - 1)}…` : text;
  return short.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '?');
}
