import { withoutUserInfo } from '../../common/diagnostics.js';
import type { InspectedHit, Verdict } from '../inspected-hit.js';
import type { Forwarded } from './forward.js';

/** Verdicts that an answer can give. It does not say how a tracked hit was stored. */
type AnsweredVerdict = Exclude<Verdict, 'ai_chatbot'>;

/**
 * Replaces the verdicts of the rules by those of a real Matomo. If Matomo only says how many hits were invalid and the rules
 * found the same number, the rules decide which ones. The stored rows are always those of the rules.
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
  if (counters === undefined)
    return all('unknown', `${said}, which does not say what became of the hit`);
  const { tracked, invalid, invalidIndices } = counters;
  if (tracked + invalid === 0)
    return all('dropped', 'Matomo tracked nothing; check whether tracking is turned off');
  if (tracked === hits.length) return all('tracked', said);
  if (invalid === hits.length) return all('invalid', 'Matomo counted the whole bulk as invalid');
  if (invalidIndices?.length === invalid) {
    const invalidOnes = new Set(invalidIndices);
    return hits.map((hit, index) =>
      overrule(hit, invalidOnes.has(index) ? 'invalid' : 'tracked', 'Matomo counted it so'),
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

export function unreachable(error: Error): string {
  return `Matomo cannot be reached (${reasonOf(error)})`;
}

export function unanswered(error: Error): string {
  return `Matomo did not answer (${reasonOf(error)})`;
}

/** Applies a verdict of Matomo. If the rules have the same verdict, their reason is kept, because it has more details. */
function overrule(hit: InspectedHit, verdict: AnsweredVerdict, reason: string): InspectedHit {
  const { verdict: own } = hit;
  switch (verdict) {
    case 'tracked':
      // Matomo counts dropped hits as tracked.
      if (own === 'tracked' || own === 'ai_chatbot' || own === 'dropped') return hit;
      return {
        ...hit,
        verdict,
        reason: `tracked by Matomo, although the inspector expected: ${hit.reason}`,
      };
    case 'unknown':
      return { ...hit, verdict, reason };
    case 'invalid':
    case 'refused':
    case 'dropped':
      return own === verdict ? hit : withoutRow({ ...hit, verdict, reason });
  }
}

function withoutRow({ aiRequest, conversion, referrer, ...hit }: InspectedHit): InspectedHit {
  return { ...hit, stored: null };
}

interface Counters {
  readonly tracked: number;
  readonly invalid: number;
  readonly invalidIndices: readonly unknown[] | undefined;
}

/** Enough for the numbers of 100,000 invalid hits. Limited, because nested JSON takes more than linear time to parse. */
const MAX_COUNTERS_LENGTH = 1_000_000;

/** Reads the counters, also if PHP has printed something before them. */
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
