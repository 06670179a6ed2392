import { parseArgs } from 'node:util';
import { VERSION } from '../version.js';
import type { Finding, FindingVerdict } from './doctor/checks.js';
import { diagnose } from './doctor/diagnose.js';
import { wrap } from './terminal.js';

/** Checks the setup of an application in this folder and with this environment, and prints what to change. */
export async function doctor(args: string[]): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { json: flag, send: flag } });
  // Warnings of Node.js would mix with the JSON. Doctor itself reports their causes.
  process.removeAllListeners('warning');
  const asked = { env: process.env, app: process.cwd(), sends: values.send };
  const findings = await diagnose(asked);
  const isFine = !findings.some(({ verdict }) => verdict === 'problem');
  console.log(
    values.json
      ? JSON.stringify({ version: VERSION, ok: isFine, findings }, null, 2)
      : formatFindings(findings),
  );
  process.exitCode = isFine ? 0 : 1;
}

const MARKS: Readonly<Record<FindingVerdict, string>> = {
  ok: '✓',
  warning: '!',
  problem: '✗',
  unknown: '?',
};

/** Formats findings for a terminal: each has a mark and the result, and the advice below. */
export function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, verdict, found, advice, code }) => [
    ...wrap(`${MARKS[verdict]} ${check.padEnd(9)}`, `${found}${code ? ` [${code}]` : ''}`),
    ...(advice === undefined ? [] : wrap(' '.repeat(11), `→ ${advice}`)),
  ]);
  const count = findings.filter(({ verdict }) => verdict === 'problem').length;
  const problems = `${count} ${count === 1 ? 'problem prevents' : 'problems prevent'}`;
  const summary = count === 0 ? 'No problem was found that prevents' : problems;
  const codes = 'docs/messages.md in this package explains the codes in [brackets].';
  return [...lines, '', `${summary} hits from being stored.`, codes].join('\n');
}
