import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { show } from '../../common/diagnostics.js';
import { type IsKept, type Reading, UnreadableExport } from './exported-span.js';
import { decodeJson } from './json.js';
import { decodeProtobuf } from './protobuf.js';

/** Reads and answers export requests of one content type. */
export interface OtlpFormat {
  readonly contentType: string;
  /** @throws UnreadableExport */
  read(body: Buffer, isKept: IsKept): Reading;
  /** Encodes an `ExportTraceServiceResponse`, with a partial success if there is a message. */
  encodeAnswer(rejectedSpans: number, errorMessage: string): Uint8Array | string;
  /** Encodes a `google.rpc.Status`. */
  encodeStatus(code: number, message: string): Uint8Array | string;
}

const protobuf: OtlpFormat = {
  contentType: 'application/x-protobuf',
  read: (body, isKept) => readOrRefuse(body, decodeProtobuf(body, isKept)),
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

/** The JSON format. It also answers requests with an unknown content type. */
export const json: OtlpFormat = {
  contentType: 'application/json',
  read: (body, isKept) => readOrRefuse(body, decodeJson(body, isKept)),
  encodeAnswer(rejectedSpans, errorMessage) {
    if (errorMessage === '') return '{}';
    // In JSON, an int64 is a string.
    return JSON.stringify({ partialSuccess: { rejectedSpans: `${rejectedSpans}`, errorMessage } });
  },
  encodeStatus: (code, message) => JSON.stringify({ code, message }),
};

/** A body that is longer and has no resources is another message. */
const MAX_EMPTY_BYTES = 30;

function* readOrRefuse(body: Buffer, reading: Reading): Reading {
  try {
    const resources = yield* reading;
    if (resources.length > 0 || body.length <= MAX_EMPTY_BYTES) return resources;
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error; // a bug
    const { message } = error as Error;
    throw new UnreadableExport(`the body is not an ExportTraceServiceRequest: ${show(message)}`);
  }
  throw new UnreadableExport('the body has no resourceSpans');
}

/** Finds the format of a `Content-Type`. Parameters are ignored. */
export function findFormat(sent = ''): OtlpFormat | undefined {
  const name = sent.split(';', 1)[0]?.trim().toLowerCase();
  // Some exporters send `application/protobuf`.
  if (name === 'application/protobuf') return protobuf;
  return [protobuf, json].find(({ contentType }) => contentType === name);
}
