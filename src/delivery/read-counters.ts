const COUNTERS_START = '{"status":';
/** Limit of the transport for a response. Nested JSON takes JSON.parse more than linear time. */
const MAX_COUNTERS_LENGTH = 65_536;

/** The counters in the response to a bulk, even if PHP or a proxy wrote text before them. Takes linear time. */
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
