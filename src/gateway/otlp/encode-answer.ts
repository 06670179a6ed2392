import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** How a request is written, and so its answer. */
export type Encoding = 'protobuf' | 'json';

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** An `ExportTraceServiceResponse`; with a partial success where something is to be said. */
export function encodeExportAnswer(
  encoding: Encoding,
  rejectedSpans: number,
  errorMessage: string,
): Uint8Array | string {
  const isPartial = rejectedSpans > 0 || errorMessage !== '';
  if (encoding === 'json') {
    const partialSuccess = {
      ...(rejectedSpans > 0 && { rejectedSpans: String(rejectedSpans) }), // int64 is text in JSON
      errorMessage,
    };
    return JSON.stringify(isPartial ? { partialSuccess } : {});
  }
  const writer = new BinaryWriter();
  if (isPartial) {
    writer.tag(1, WireType.LengthDelimited).fork();
    if (rejectedSpans > 0) writer.tag(1, WireType.Varint).int64(rejectedSpans);
    writer.tag(2, WireType.LengthDelimited).string(errorMessage).join();
  }
  return writer.finish();
}

/** A `google.rpc.Status`. */
export function encodeStatus(
  encoding: Encoding,
  code: number,
  message: string,
): Uint8Array | string {
  if (encoding === 'json') return JSON.stringify({ code, message });
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(code)
    .tag(2, WireType.LengthDelimited)
    .string(message)
    .finish();
}
