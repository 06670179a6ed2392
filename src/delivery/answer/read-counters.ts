const COUNTERS_START = '{"status":';
/** Limit of the transport for a response. Nested JSON takes JSON.parse more than linear time. */
const MAX_COUNTERS_LENGTH = 65_536;

/** What a response says about the hits of a bulk. */
interface Counters {
  readonly tracked: number;
  readonly invalid: number;
  /** Positions of the invalid hits, which Matomo only tells a super user. */
  readonly invalidIndices?: readonly number[];
}

/** The counters in the response to a bulk, even if PHP or a proxy wrote text before them. Takes linear time. */
export function readCounters(body: string): Counters | undefined {
  const start = Math.max(0, body.lastIndexOf(COUNTERS_START));
  if (body.length - start > MAX_COUNTERS_LENGTH) return undefined;
  try {
    const counters = JSON.parse(body.slice(start)) as Record<string, unknown>;
    const { tracked, invalid, invalid_indices: indices } = counters;
    if (!isCount(tracked) || !isCount(invalid)) return undefined;
    const isComplete = Array.isArray(indices) && indices.length === invalid;
    return isComplete && indices.every(isCount)
      ? { tracked, invalid, invalidIndices: indices }
      : { tracked, invalid };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
