import type { OtlpCodec } from '../../src/gateway/otlp/codecs.js';
import { createSelection, DecodedExport } from '../../src/gateway/otlp/read-export.js';

/** An export that nothing was decoded into, without options that select spans. */
export function emptyExport(): DecodedExport {
  return new DecodedExport(createSelection({}, { userIdAttribute: undefined }));
}

/** What is decoded of an export at once. */
export function decode(
  read: OtlpCodec['read'],
  body: Uint8Array | string,
  into: DecodedExport = emptyExport(),
): DecodedExport {
  const steps = read(Buffer.from(body), into);
  while (!steps.next().done);
  return into;
}
