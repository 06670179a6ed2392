/**
 * Aligned columns, each `{ head, width?, align?, paint? }`. Cells are padded before they are painted, because color
 * codes have no width.
 */
export function renderTable(columns, rows, { bold }) {
  const widths = columns.map(({ head, width = 0 }, index) =>
    Math.max(width, head.length, ...rows.map((row) => String(row[index]).length)),
  );
  const pad = (text, index) =>
    columns[index].align === 'right' ? text.padStart(widths[index]) : text.padEnd(widths[index]);
  const head = columns.map((column, index) => bold(pad(column.head, index))).join('  ');
  const lines = rows.map((row) =>
    row
      .map((cell, index) => {
        const { paint = (text) => text } = columns[index];
        return paint(pad(String(cell), index), cell);
      })
      .join('  ')
      .trimEnd(),
  );
  return [head, ...lines];
}
