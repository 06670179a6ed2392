import type { Finding, FindingVerdict } from './finding.js';

const WIDTH = 80;
const MARKS: Readonly<Record<FindingVerdict, string>> = {
  ok: '✓',
  warning: '!',
  problem: '✗',
  unknown: '?',
};

/** Findings as lines for a terminal: a mark, what was found, and below it what to do. */
export function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, verdict, found, advice, code }) => [
    ...wrap(`${MARKS[verdict]} ${check.padEnd(8)}`, `${found}${code ? ` [${code}]` : ''}`),
    ...(advice === undefined ? [] : wrap(' '.repeat(10), `→ ${advice}`)),
  ]);
  return [...lines, '', ...summaryOf(findings)].join('\n');
}

function summaryOf(findings: readonly Finding[]): string[] {
  const count = findings.filter(({ verdict }) => verdict === 'problem').length;
  const summary =
    count === 0
      ? 'Nothing that was found keeps hits from being stored.'
      : `${count} ${count === 1 ? 'problem keeps' : 'problems keep'} hits from being stored.`;
  const hasCodes = findings.some(({ code }) => code !== undefined);
  return [
    summary,
    ...(hasCodes ? ['What stands in [brackets] is explained in docs/messages.md.'] : []),
  ];
}

/** At words; one that is longer than a line, such as a path, stays whole. */
function wrap(head: string, text: string): string[] {
  const indent = ' '.repeat(head.length);
  const lines: string[] = [];
  let line = head;
  for (const word of text.split(' ')) {
    const isStart = line === head || line === indent;
    if (!isStart && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
