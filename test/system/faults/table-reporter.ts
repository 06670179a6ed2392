import type { Reporter, TestModule } from 'vitest/node';
import type { FaultRow } from './ride-out.js';

const HEADS = [
  ...['fault', 'requests', 'hits', 'tracked', 'accepted', 'invalid', 'lost'],
  ...['stored', 'twice', 'median', 'what the log says first'],
];

/** Prints what came of every fault as a table. */
export default class TableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const rows = tests.flatMap((test) => {
      const { fault } = test.meta();
      return fault ? [cellsOf(fault, test.ok())] : [];
    });
    const widths = HEADS.map((_, i) =>
      Math.max(...[HEADS, ...rows].map((row) => row[i]?.length ?? 0)),
    );
    const line = (row: readonly string[]) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd();
    console.log(['', line(HEADS), ...rows.map(line), ''].join('\n'));
  }
}

function cellsOf(row: FaultRow, ok: boolean): string[] {
  const { stats, lines } = row;
  const losses = Object.entries(stats.lost).filter(([, count]) => count > 0);
  const [line = ''] = lines.map((text) => text.replace('opentelemetry-matomo: ', '').trim());
  return [
    ok ? row.fault : `${row.fault} (FAILED)`,
    String(row.requests),
    String(row.hits),
    String(stats.tracked),
    String(stats.accepted),
    String(stats.invalid),
    losses.map(([reason, count]) => `${count} ${reason}`).join(', ') || '-',
    String(row.stored),
    String(row.duplicates),
    `${row.medianMillis.toFixed(1)} ms`,
    line.length > 100 ? `${line.slice(0, 99)}…` : line,
  ];
}
