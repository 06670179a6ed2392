import { withoutUserInfo } from '../../common/diagnostics.js';
import type { InspectedHit, Verdict } from '../inspected-hit.js';
import type { Forwarded } from './forward.js';

/** An answer does not say what a tracked hit was stored as. */
type AnsweredVerdict = Exclude<Verdict, 'ai_chatbot'>;

/**
 * Replaces what the rules here make of hits by what a real Matomo has said of them. Where it only says how many were
 * invalid and the rules agree on the number, they say which; what is stored is always by the rules.
 */
export function judgeByAnswer(
  hits: readonly InspectedHit[],
  isBulk: boolean,
  answer: Forwarded,
): InspectedHit[] {
  const all = (verdict: AnsweredVerdict, reason: string) =>
    hits.map((hit) => overrule(hit, verdict, reason));
  if (answer.kind === 'not_sent') return all('refused', unreachable(answer.error));
  if (answer.kind === 'no_answer') return all('unknown', unanswered(answer.error));

  const { status } = answer;
  const said = `Matomo answered ${status}`;
  if (status === 504) return all('unknown', said);
  if (!isBulk && status === 400) return all('invalid', said);
  if (isBulk && status === 500) return all('refused', `${said} and rolled the bulk back`);
  if (status >= 300) return all('refused', said);
  if (!isBulk) return all('tracked', said);

  const counters = readCounters(answer.body.toString('utf8'));
  if (counters === undefined) return all('unknown', `${said}, which does not tell`);
  const { tracked, invalid, invalidIndices } = counters;
  if (tracked + invalid === 0) return all('dropped', 'Matomo kept nothing: is tracking off?');
  if (tracked === hits.length) return all('tracked', said);
  if (invalid === hits.length) return all('invalid', 'Matomo says so of the whole bulk');
  if (invalidIndices?.length === invalid) {
    const invalidOnes = new Set(invalidIndices);
    return hits.map((hit, index) =>
      overrule(hit, invalidOnes.has(index) ? 'invalid' : 'tracked', 'Matomo says so'),
    );
  }
  const invalidHere = hits.filter(({ verdict }) => verdict === 'invalid').length;
  const isRefusedHere = hits.some(({ verdict }) => verdict === 'refused');
  if (invalidHere === invalid && tracked + invalid === hits.length && !isRefusedHere) {
    return [...hits];
  }
  return all(
    'unknown',
    `Matomo tracked ${tracked} of ${hits.length}, ${invalid} are invalid; it does not say which`,
  );
}

/** For the service, and for whoever looks on. */
export function unreachable(error: Error): string {
  return `Matomo cannot be reached (${reasonOf(error)})`;
}

export function unanswered(error: Error): string {
  return `Matomo did not answer (${reasonOf(error)})`;
}

/** A reason that the rules have for the same verdict says more. */
function overrule(hit: InspectedHit, verdict: AnsweredVerdict, reason: string): InspectedHit {
  const { verdict: own } = hit;
  switch (verdict) {
    case 'tracked':
      // Matomo counts what it drops as tracked.
      if (own === 'tracked' || own === 'ai_chatbot' || own === 'dropped') return hit;
      return { ...hit, verdict, reason: `tracked, though by the rules here ${hit.reason}` };
    case 'unknown':
      return { ...hit, verdict, reason };
    case 'invalid':
    case 'refused':
    case 'dropped':
      return own === verdict ? hit : withoutRow({ ...hit, verdict, reason });
  }
}

function withoutRow({ aiRequest, conversion, ...hit }: InspectedHit): InspectedHit {
  return { ...hit, stored: null };
}

interface Counters {
  readonly tracked: number;
  readonly invalid: number;
  readonly invalidIndices: readonly unknown[] | undefined;
}

/** More than the numbers of 100,000 invalid hits. Nesting makes JSON.parse slower than linear. */
const MAX_COUNTERS_LENGTH = 1_000_000;

/** Also behind what PHP has put in front of it. */
function readCounters(body: string): Counters | undefined {
  const start = body.lastIndexOf('{"status"');
  if (start < 0 || body.length - start > MAX_COUNTERS_LENGTH) return undefined;
  try {
    const json = JSON.parse(body.slice(start)) as Record<string, unknown>;
    const { tracked, invalid, invalid_indices } = json;
    if (typeof tracked !== 'number' || typeof invalid !== 'number') return undefined;
    const invalidIndices = Array.isArray(invalid_indices) ? invalid_indices : undefined;
    return { tracked, invalid, invalidIndices };
  } catch {
    return undefined;
  }
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? withoutUserInfo(error.message);
}
