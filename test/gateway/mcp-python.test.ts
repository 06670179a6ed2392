import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { sorted } from '../support/sorted.js';

/**
 * Spans of MCP servers in Python, by the name and version of the package, which records the span of each message itself. Two official clients of
 * Node.js called them, the first in revision 2025-11-25, the second in 2026-07-28. Spans of HTTP are named as
 * `opentelemetry-instrumentation-asgi` names them. Other attributes were left out.
 */
interface RecordedSpan {
  readonly name: string;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly kind: 'SERVER' | 'INTERNAL';
  readonly status: number;
  readonly startMicros: number;
  readonly endMicros: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

const file = `${ROOT}test/fixtures/mcp-spans-of-python.json`;
const recordings: Readonly<Record<string, readonly RecordedSpan[]>> = JSON.parse(
  readFileSync(file, 'utf8'),
);

const CALLS = [
  'MCP tools/call find_order',
  'MCP tools/call',
  'MCP tools/call',
  'MCP prompts/get review',
  'MCP resources/read',
];

test.each(Object.entries(recordings))(
  'calls that %s records are one hit each, with tool and failure, of one visitor per session or client',
  async (_server, spans) => {
    const { gateway, inspector } = await startGateway({
      visitorKey: 'key',
      dimensions: { 1: 'gen_ai.tool.name', 2: 'matomo.failed_endpoint', 3: 'mcp.protocol.version' },
    });
    const startMillis = Date.now() - 60_000;
    expect((await sendSpans(gateway, toExport(spans, startMillis))).status).toBe(200);
    await gateway.close();
    const hits = inspector.hits().map(({ params }) => params);
    for (const [revision, first] of [
      ['2025-11-25', 'MCP initialize'],
      ['2026-07-28', 'MCP server/discover'],
    ]) {
      const calls = hits.filter(({ dimension3 }) => dimension3 === revision);
      expect(sorted(calls.map(({ action_name }) => action_name))).toEqual(
        sorted([first, ...CALLS]),
      );
      expect(calls.filter(({ dimension1 }) => dimension1 !== undefined)).toHaveLength(1);
      const failed = calls.flatMap(({ dimension2 }) => dimension2 ?? []);
      expect(failed).toEqual(['error MCP tools/call', 'error MCP tools/call']);
    }
    const ofNewest = hits.filter(({ dimension3 }) => dimension3 === '2026-07-28');
    expect(new Set(ofNewest.map(({ cid }) => cid)).size).toBe(1); // there are no sessions
    expect(gateway.stats().ignored.mcp).toBeGreaterThan(0);
    expect(gateway.stats().spans.unused).toBe(0);
  },
);

/** As OTLP JSON. */
function toExport(spans: readonly RecordedSpan[], startMillis: number): string {
  const toNanos = (micros: number) =>
    String(BigInt(startMillis) * 1_000_000n + BigInt(micros) * 1000n);
  const toValue = (value: string | number | boolean) => {
    if (typeof value === 'string') return { stringValue: value };
    return typeof value === 'number' ? { intValue: String(value) } : { boolValue: value };
  };
  const otlp = spans.map(({ name, trace, id, parent, kind, status, ...span }) => ({
    traceId: trace,
    spanId: id,
    ...(parent !== null && { parentSpanId: parent }),
    name,
    kind: kind === 'SERVER' ? 2 : 1,
    startTimeUnixNano: toNanos(span.startMicros),
    endTimeUnixNano: toNanos(span.endMicros),
    attributes: Object.entries(span.attributes).map(([key, value]) => ({
      key,
      value: toValue(value),
    })),
    status: { code: status },
  }));
  return JSON.stringify({
    resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: 'mcp' }, spans: otlp }] }],
  });
}
