import { parseArgs } from 'node:util';
import { VERSION } from '../version.js';
import { diagnose } from './doctor/diagnose.js';
import { formatFindings } from './doctor/format-findings.js';
import { UsageError } from './usage-error.js';

/** Checks the setup of an application in this folder and with this environment, and prints what to change. */
export async function doctor(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      send: { type: 'boolean', default: false },
      goals: { type: 'string', default: '' },
    },
  });
  const goals = toGoals(values.goals);
  // Warnings of Node.js would mix with the JSON; doctor has findings of its own about their causes.
  process.removeAllListeners('warning');
  const findings = await diagnose({
    env: process.env,
    app: process.cwd(),
    sends: values.send,
    goals,
  });
  const isFine = !findings.some(({ verdict }) => verdict === 'problem');
  console.log(
    values.json
      ? JSON.stringify({ version: VERSION, ok: isFine, findings }, null, 2)
      : formatFindings(findings),
  );
  process.exitCode = isFine ? 0 : 1;
}

function toGoals(text: string): number[] {
  if (text === '') return [];
  if (/^[1-9]\d{0,9}(?:,[1-9]\d{0,9})*$/.test(text)) return text.split(',').map(Number);
  throw new UsageError('--goals must be the IDs of goals, separated by commas');
}
