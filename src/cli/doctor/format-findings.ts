import type { Finding, FindingVerdict } from './finding.js';

const WIDTH = 80;
const MARKS: Readonly<Record<FindingVerdict, string>> = {
  ok: '✓',
  warning: '!',
  problem: '✗',
  unknown: '?',
};

/** Formats findings for a terminal: a mark, what was found, and below it what to do. */
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
      ? 'No problem was found that prevents hits from being stored.'
      : `${count} ${count === 1 ? 'problem prevents' : 'problems prevent'} hits from being stored.`;
  const hasCodes = findings.some(({ code }) => code !== undefined);
  return [summary, ...(hasCodes ? ['docs/messages.md explains the codes in [brackets].'] : [])];
}

/** Wraps text between words. A word that is longer than a line, such as a path, is not broken. */
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
