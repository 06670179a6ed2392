// What any receiver of spans has to do: everything that an export says, as plain objects, read by the library that the
// gateway reads with. None of the gateway's own means are in it, so that what they save is seen.
import { BinaryReader } from '@bufbuild/protobuf/wire';

export function decodeExport(body) {
  const reader = new BinaryReader(body);

  /** Reads fields until the message ends; `read` gets the number of each, and says whether it took it. */
  function readMessage(end, read) {
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (!read(tag >>> 3)) reader.skip(tag & 7, tag >>> 3);
    }
  }
  const endOfNext = () => reader.uint32() + reader.pos;
  const hex = () => Buffer.from(reader.bytes()).toString('hex');

  function readValue() {
    let value;
    readMessage(endOfNext(), (field) => {
      if (field === 1) value = reader.string();
      else if (field === 2) value = reader.bool();
      else if (field === 3) value = Number(reader.int64());
      else if (field === 4) value = reader.double();
      else return false;
      return true;
    });
    return value;
  }

  function readAttribute(attributes) {
    let key = '';
    let value;
    readMessage(endOfNext(), (field) => {
      if (field === 1) key = reader.string();
      else if (field === 2) value = readValue();
      else return false;
      return true;
    });
    attributes[key] = value;
  }

  function readSpan() {
    const span = { traceId: '', spanId: '', parentSpanId: '', name: '', kind: 0, attributes: {} };
    readMessage(endOfNext(), (field) => {
      if (field === 1) span.traceId = hex();
      else if (field === 2) span.spanId = hex();
      else if (field === 4) span.parentSpanId = hex();
      else if (field === 5) span.name = reader.string();
      else if (field === 6) span.kind = reader.int32();
      else if (field === 7) span.start = reader.fixed64();
      else if (field === 8) span.end = reader.fixed64();
      else if (field === 9) readAttribute(span.attributes);
      else if (field === 16) span.flags = reader.fixed32();
      else return false;
      return true;
    });
    return span;
  }

  const spans = [];
  const resource = {};
  readMessage(reader.len, (field) => {
    if (field !== 1) return false;
    readMessage(endOfNext(), (ofResource) => {
      if (ofResource === 1) {
        readMessage(endOfNext(), (attribute) => attribute === 1 && !readAttribute(resource));
      } else if (ofResource === 2) {
        readMessage(endOfNext(), (ofScope) => ofScope === 2 && spans.push(readSpan()) > 0);
      } else return false;
      return true;
    });
    return true;
  });
  return { resource, spans };
}
