import { renderTable } from '../demo/table.mjs';
import { createPaint } from '../demo/terminal.mjs';
import { listProblems, summarize, toNodeRows, toSdkRows, toTitleRows } from './table-rows.mjs';

const { stdout } = process;
const paint = createPaint(stdout.isTTY && !process.env.NO_COLOR);

export function renderCells(results) {
  const tables = [
    ['Load orders', toSdkRows(results, 'orders')],
    ['Frameworks', toTitleRows(results, 'frameworks')],
    ['Exporters into a gateway', toSdkRows(results, 'gateways')],
    ['Operations, procedures, and catch-all routes', toNodeRows(results, 'operations')],
    ['Without an SDK', toNodeRows(results, 'without')],
    ['Servers of frameworks', toTitleRows(results, 'servers')],
    ['Bundlers', toNodeRows(results, 'bundlers')],
  ].filter(([, { rows }]) => rows.length > 0);
  const count = (wanted) => results.filter(({ status }) => status === wanted).length;
  return [
    ...tables.map(([title, table]) => `${paint.bold(title)}\n${renderRows(table)}\n`),
    ...listProblems(results).map(({ title, text }) => `${paint.red(title)}\n  ${text}`),
    `${count('right')} right, ${count('wrong')} wrong, ${count('skipped')} skipped`,
  ].join('\n');
}

export function renderWrong({ name, way, sdk, node, differences }) {
  const title = [name, way, sdk && `SDK ${sdk}`, `Node ${node}`].filter(Boolean).join(', ');
  return `${paint.red('wrong')}: ${title}\n${differences.map((line) => `  ${line}`).join('\n')}`;
}

function renderRows({ heads, rows }) {
  const columns = [{ head: '' }, ...heads.map((head) => ({ head, paint: paintCell }))];
  return renderTable(
    columns,
    rows.map(({ name, columns: cells }) => [name, ...cells.map(summarize)]),
    paint,
  ).join('\n');
}

function paintCell(text, cell) {
  if (cell === 'yes') return paint.green(text);
  return cell.startsWith('no ') ? paint.red(text) : paint.dim(text);
}
