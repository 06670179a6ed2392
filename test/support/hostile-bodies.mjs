// Export requests that are made to cost the gateway as much as possible for their size. Each has a reason why it cannot: what it
// aims at is capped, or is linear in the bytes of the request.

const MEBIBYTE = 1024 ** 2;
const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';

/** A message in a message, by the number of its field. */
function field(number, ...content) {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)));
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

const attribute = (name, text) => field(9, field(1, name), field(2, field(1, text)));
const ofResource = (name, text) => field(1, field(1, name), field(2, field(1, text)));

const SERVER = 2;
const INTERNAL = 1;
const START = Buffer.from([0x39, 1, 0, 0, 0, 0, 0, 0, 0]);
/** So that 4 MiB hold fewer spans than are taken, and 2 MiB half of them. */
const PADDING = attribute('db.query.text', 'SELECT * FROM users WHERE id = $1');
const REQUEST = attribute('http.method', 'G');

/** IDs of so many bytes, all different. */
function id(n, bytes = 8) {
  const buffer = Buffer.alloc(bytes, 1);
  buffer.writeUInt32BE(n + 1, bytes - 4);
  return buffer;
}

function span({ trace = 0, n, parent, kind = SERVER, attributes = [REQUEST] }) {
  const parentId = parent === undefined ? [] : [field(4, id(parent))];
  return field(
    2,
    field(1, id(trace, 16)),
    field(2, id(n)),
    ...parentId,
    Buffer.from([0x30, kind]),
    START,
    PADDING,
    ...attributes,
  );
}

/** An export of one service; `make` gives the span of a number. */
function spansOf(bytes, make, resource = [ofResource('service.name', 'shop')]) {
  const resourceSpans = field(1, ...resource);
  const spans = [];
  let size = resourceSpans.length + 32;
  for (let n = 0; ; n++) {
    const one = make(n);
    size += one.length;
    if (size > bytes) break;
    spans.push(one);
  }
  return field(1, resourceSpans, field(2, ...spans));
}

/** One request in a trace of its own. */
function request(n, ...attributes) {
  return span({ trace: n, n, attributes: [REQUEST, ...attributes] });
}

const repeat = (part, bytes) => part.repeat(Math.floor(bytes / Buffer.byteLength(part)));
const json = (before, item, after) => (bytes) =>
  `${before}${repeat(`${item},`, bytes - before.length - after.length - item.length)}${item}${after}`;
/** As close as they may be: a little more than 8 bytes each, with the comma. */
const EMPTY = '{}      ';
const inSpan = (before, after) => [
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${'1'.repeat(32)}","spanId":"${'1'.repeat(16)}","startTimeUnixNano":"1","kind":2,${before}`,
  `${after}}]}]}]}`,
];
const distinct = (n) => n.toString(36).padStart(6, '0');

/** A resource of half of the request. */
const halfResource = (bytes) =>
  Array.from({ length: Math.floor(bytes / 2 / 40) }, (_, n) =>
    ofResource(`a.${distinct(n)}`, 'a text of some length'),
  );

/** What each aims at, why that is linear, and the body of so many bytes. */
export const HOSTILE_BODIES = {
  'empty ResourceSpans': {
    why: 'refused: a body has one message for eight bytes at most',
    status: 400,
    body: (bytes) => Buffer.alloc(bytes, Buffer.from([0x0a, 0])),
  },
  'empty attributes in JSON': {
    why: 'a step for each',
    type: JSON_TYPE,
    body: json(inSpan('"attributes":[', '')[0], EMPTY, `]${inSpan('', '')[1]}`),
  },
  'objects without end in JSON': {
    why: 'refused before it is parsed: one pass over the bytes counts them',
    type: JSON_TYPE,
    status: 400,
    body: json('{"resourceSpans":[{"scopeSpans":[{"spans":[', '{}', ']}]}]}'),
  },
  'requests in JSON': {
    why: 'a step for each span, in maps',
    type: JSON_TYPE,
    body: (bytes) =>
      `{"resourceSpans":[{"scopeSpans":[{"spans":[${many(bytes, jsonRequest).join()}]}]}]}`,
  },
  'a number of many digits': {
    why: 'a number is read once',
    type: JSON_TYPE,
    body: (bytes) => {
      const [before, after] = inSpan('"flags":"', '"');
      return before + '9'.repeat(bytes - before.length - after.length) + after;
    },
  },
  'names that Matomo does not know': {
    why: 'looked up; a hundred are reported, of 50 characters each',
    body: (bytes) =>
      spansOf(bytes, (n) =>
        request(
          n,
          ...Array.from({ length: 100 }, (_, i) =>
            attribute(`matomo.${distinct(n * 100 + i)}`, '1'),
          ),
        ),
      ),
  },
  'custom variables': {
    why: 'as many are read as there are slots',
    body: (bytes) =>
      spansOf(bytes, (n) =>
        n === 0
          ? request(0)
          : span({
              n,
              parent: 0,
              kind: INTERNAL,
              attributes: [attribute(`matomo.cvar.${n}`, 'a')],
            }),
      ),
  },
  'a resource of half of the request': {
    why: 'read once for all spans',
    body: (bytes) => spansOf(bytes, (n) => request(n), halfResource(bytes)),
  },
  'a long name of a service': {
    why: 'a service is known by a digest of its names',
    body: (bytes) =>
      spansOf(bytes, (n) => request(n), [ofResource('service.name', 'a'.repeat(bytes / 2))]),
  },
  'one span again and again': {
    why: 'known by its ID, in a map',
    body: (bytes) => spansOf(bytes, () => span({ n: 0 })),
  },
  'a chain of requests': {
    why: 'the way up is gone once for all spans on it',
    body: (bytes) => spansOf(bytes, (n) => span({ n, parent: n === 0 ? undefined : n - 1 })),
  },
  'ways into a circle': {
    why: 'a circle is seen where it closes',
    body: (bytes) =>
      spansOf(bytes, (n) =>
        span({ n, parent: n < 2 ? n ^ 1 : n & 1, kind: INTERNAL, attributes: [] }),
      ),
  },
  'spans that say something below one request': {
    why: 'their ends are read once, then sorted',
    body: (bytes) =>
      spansOf(bytes, (n) =>
        n === 0
          ? request(0)
          : span({ n, parent: 0, kind: INTERNAL, attributes: [attribute('matomo.search', 'a')] }),
      ),
  },
};

function jsonRequest(n) {
  const [traceId, spanId] = [32, 16].map((length) => (n + 1).toString(16).padStart(length, '1'));
  return `{"traceId":"${traceId}","spanId":"${spanId}","startTimeUnixNano":"1","kind":2,"attributes":[{"key":"http.method","value":{"stringValue":"G"}}]}`;
}

/** With a byte between each and the next. */
function many(bytes, make) {
  const made = [];
  for (let size = 0, n = 0; size < bytes - 300; n++) {
    made.push(make(n));
    size += made[n].length + 1;
  }
  return made;
}

/** One of them, as it is sent. */
export function hostileBody(name, mebibytes) {
  const { body, type = PROTOBUF, status = 200 } = HOSTILE_BODIES[name];
  return { body: Buffer.from(body(mebibytes * MEBIBYTE)), type, status };
}
