import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Steps } from '../../common/slices.js';
import { readJson } from './decode-json.js';
import { readProtobuf } from './decode-protobuf.js';
import type { DecodedExport } from './read-export.js';

/** Reads and answers export requests of one content type. */
export interface OtlpCodec {
  readonly contentType: string;
  /**
   * Reads an `ExportTraceServiceRequest` in steps.
   *
   * @throws UnreadableExport
   */
  read(body: Buffer, into: DecodedExport): Steps;
  /** Encodes an `ExportTraceServiceResponse`, with a partial success if there is a message: each rejected span has one. */
  encodeAnswer(rejectedSpans: number, errorMessage: string): Uint8Array | string;
  /** Encodes a `google.rpc.Status`. */
  encodeStatus(code: number, message: string): Uint8Array | string;
}

const protobufCodec: OtlpCodec = {
  contentType: 'application/x-protobuf',
  read: readProtobuf,
  encodeAnswer(rejectedSpans, errorMessage) {
    const writer = new BinaryWriter();
    if (errorMessage !== '') {
      writer.tag(1, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.Varint).int64(rejectedSpans);
      writer.tag(2, WireType.LengthDelimited).string(errorMessage).join();
    }
    return writer.finish();
  },
  encodeStatus(code, message) {
    const writer = new BinaryWriter();
    writer.tag(1, WireType.Varint).int32(code);
    return writer.tag(2, WireType.LengthDelimited).string(message).finish();
  },
};

/** Also encodes answers to requests of an unknown content type. */
export const jsonCodec: OtlpCodec = {
  contentType: 'application/json',
  read: readJson,
  encodeAnswer(rejectedSpans, errorMessage) {
    if (errorMessage === '') return '{}';
    // int64 is text in JSON.
    return JSON.stringify({
      partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage },
    });
  },
  encodeStatus: (code, message) => JSON.stringify({ code, message }),
};

/** The codecs of all content types of OTLP/HTTP. */
export const OTLP_CODECS: readonly OtlpCodec[] = [protobufCodec, jsonCodec];

/** Finds the codec of a `Content-Type`, whose parameters are ignored. */
export function findCodec(contentType: string | undefined): OtlpCodec | undefined {
  const [type = ''] = (contentType ?? '').split(';', 1);
  const name = type.trim().toLowerCase();
  // Some exporters send `application/protobuf`.
  const names = [name, name.replace('/', '/x-')];
  return OTLP_CODECS.find(({ contentType }) => names.includes(contentType));
}
