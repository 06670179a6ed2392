const COUNTERS_START = '{"status":';
/** What the transport keeps of an answer. Nesting makes JSON.parse slower than linear. */
const MAX_COUNTERS_LENGTH = 65_536;

/** The counters of a bulk's answer, also behind what PHP or a proxy has put in front of it. In linear time. */
export function readCounters(body: string): { tracked: number; invalid: number } | undefined {
  const start = Math.max(0, body.lastIndexOf(COUNTERS_START));
  if (body.length - start > MAX_COUNTERS_LENGTH) return undefined;
  try {
    const { tracked, invalid } = JSON.parse(body.slice(start)) as Record<string, unknown>;
    return isCount(tracked) && isCount(invalid) ? { tracked, invalid } : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
