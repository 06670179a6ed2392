import { readdirSync, readFileSync } from 'node:fs';
import type { Attributes } from '@opentelemetry/api';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { finishedSpan } from '../support/builders.js';

const FOLDER = new URL('../fixtures/spans/', import.meta.url);

/** A span as one of the recordings has it; those of Next.js are shorter than the others. */
interface RecordedSpan {
  name: string;
  kind: number;
  attributes: Attributes;
  startTime?: [number, number];
  duration?: [number, number];
  status?: { code: number };
  id?: string;
  parent?: { spanId: string; traceId: string };
  spanContext?: { traceId: string; spanId: string; traceFlags: number };
  parentSpanContext?: { traceId: string; spanId: string; isRemote?: boolean };
  parentSpanId?: string;
}

/** Files of recorded spans, without the index. */
export const RECORDINGS: string[] = readdirSync(FOLDER).filter((file) => file !== 'index.json');

/** The spans of a file. */
export function recording(file: string): FinishedSpan[] {
  const json = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
  const recorded: RecordedSpan[] = Array.isArray(json) ? json : (json.server ?? json.spans);
  const traceIds = new Map(recorded.map(({ parent }) => [parent?.spanId, parent?.traceId]));
  return recorded.map((span) => toSpan(span, traceIds));
}

function toSpan(
  recorded: RecordedSpan,
  traceIds: ReadonlyMap<string | undefined, string | undefined>,
): FinishedSpan {
  const { name, kind, attributes, startTime, duration, status = { code: 0 } } = recorded;
  const parent = recorded.parentSpanContext ?? recorded.parent;
  const context = recorded.spanContext;
  return finishedSpan({
    name,
    kind,
    attributes,
    status,
    ...(startTime && { startTime }),
    ...(duration && { duration }),
    ...(parent && { parentSpanContext: parent }),
    ...(recorded.parentSpanId && { parentSpanId: recorded.parentSpanId }),
    spanContext: () => context ?? contextOf(recorded, traceIds),
  });
}

/** The recordings of Next.js have no trace id but in what their children say of them. */
function contextOf(
  { id = '', parent }: RecordedSpan,
  traceIds: ReadonlyMap<string | undefined, string | undefined>,
) {
  return { traceId: parent?.traceId ?? traceIds.get(id) ?? id, spanId: id, traceFlags: 1 };
}
