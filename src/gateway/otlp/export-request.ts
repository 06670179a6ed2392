import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  ATTRIBUTES,
  enumOf,
  FLAGS,
  ID,
  list,
  message,
  NANOS,
  TEXT,
  UnreadableExport,
} from './fields.js';

// The messages of opentelemetry-proto 1.x, with the fields that are used. Their numbers never change.

const SPAN = message({
  traceId: [1, ID],
  spanId: [2, ID],
  parentSpanId: [4, ID],
  name: [5, TEXT],
  kind: [
    6,
    enumOf(
      'SPAN_KIND_UNSPECIFIED',
      'SPAN_KIND_INTERNAL',
      'SPAN_KIND_SERVER',
      'SPAN_KIND_CLIENT',
      'SPAN_KIND_PRODUCER',
      'SPAN_KIND_CONSUMER',
    ),
  ],
  startTimeUnixNano: [7, NANOS],
  endTimeUnixNano: [8, NANOS],
  attributes: [9, ATTRIBUTES],
  events: [
    11,
    list(message({ timeUnixNano: [1, NANOS], name: [2, TEXT], attributes: [3, ATTRIBUTES] })),
  ],
  links: [13, list(message({ traceId: [1, ID], spanId: [2, ID] }))],
  status: [
    15,
    message({ code: [3, enumOf('STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR')] }),
  ],
  flags: [16, FLAGS],
});

const SCOPE_SPANS = list(message({ spans: [2, list(SPAN)] }));

const EXPORT_REQUEST = message({
  resourceSpans: [
    1,
    list(
      message({
        resource: [1, message({ attributes: [1, ATTRIBUTES] })],
        scopeSpans: [2, SCOPE_SPANS],
        // Before OTLP 0.20.
        instrumentationLibrarySpans: [1000, SCOPE_SPANS],
      }),
    ),
  ],
});

export type OtlpSpan = NonNullable<ReturnType<typeof SPAN.parse>>;

export interface ExportRequest extends NonNullable<ReturnType<typeof EXPORT_REQUEST.parse>> {
  /** The length of the body. */
  readonly bytes: number;
}

/** Reads and answers export requests of one content type. */
export interface OtlpFormat {
  readonly contentType: string;
  /** @throws UnreadableExport */
  read(body: Buffer): ExportRequest;
  /** Encodes an `ExportTraceServiceResponse`, with a partial success if there is a message. */
  encodeAnswer(rejectedSpans: number, errorMessage: string): Uint8Array | string;
  /** Encodes a `google.rpc.Status`. */
  encodeStatus(code: number, message: string): Uint8Array | string;
}

const protobuf: OtlpFormat = {
  contentType: 'application/x-protobuf',
  read: (body) => readOrRefuse(body, () => EXPORT_REQUEST.readBody(body)),
  encodeAnswer(rejectedSpans, errorMessage) {
    const writer = new BinaryWriter();
    if (errorMessage === '') return writer.finish();
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(rejectedSpans);
    return writer.tag(2, WireType.LengthDelimited).string(errorMessage).join().finish();
  },
  encodeStatus(code, message) {
    const writer = new BinaryWriter().tag(1, WireType.Varint).int32(code);
    return writer.tag(2, WireType.LengthDelimited).string(message).finish();
  },
};

/** Also answers requests of an unknown content type. */
export const json: OtlpFormat = {
  contentType: 'application/json',
  read: (body) => readOrRefuse(body, () => EXPORT_REQUEST.parse(JSON.parse(body.toString()))),
  encodeAnswer(rejectedSpans, errorMessage) {
    if (errorMessage === '') return '{}';
    // int64 is text in JSON.
    return JSON.stringify({ partialSuccess: { rejectedSpans: `${rejectedSpans}`, errorMessage } });
  },
  encodeStatus: (code, message) => JSON.stringify({ code, message }),
};

export const FORMATS: readonly OtlpFormat[] = [protobuf, json];

/** More bytes than this without spans are another message. */
const MAX_EMPTY_BYTES = 30;

function readOrRefuse(
  body: Buffer,
  read: () => Pick<ExportRequest, 'resourceSpans'> | undefined,
): ExportRequest {
  const { resourceSpans = [] } = orUnreadable(read) ?? {};
  if (resourceSpans.length === 0 && body.length > MAX_EMPTY_BYTES)
    throw new UnreadableExport('the body has no resourceSpans');
  return { resourceSpans, bytes: body.length };
}

function orUnreadable<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error; // a bug
    const { message } = error as Error;
    throw new UnreadableExport(`the body is not an ExportTraceServiceRequest: ${message}`);
  }
}

/** Finds the format of a `Content-Type`, whose parameters are ignored. */
export function findFormat(contentType = ''): OtlpFormat | undefined {
  const name = contentType.split(';', 1)[0]?.trim().toLowerCase();
  // Some exporters send `application/protobuf`.
  return name === 'application/protobuf'
    ? protobuf
    : FORMATS.find((one) => one.contentType === name);
}
