import { BinaryReader, type WireType } from '@bufbuild/protobuf/wire';
import { endOfText, KnownTexts } from './limits.js';

const names = new KnownTexts();

// Values of `WireType`, as constants because reading the enum is slower.
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** The last ID and its position. All spans of a trace repeat the trace ID. */
interface LastId {
  at: number;
  text: string;
}

/** The library's reader with nested messages. */
export class Reader extends BinaryReader {
  readonly #body: Buffer;
  readonly #view: DataView;
  readonly traceId: LastId = { at: 0, text: '' };
  readonly spanId: LastId = { at: 0, text: '' };
  readonly parentSpanId: LastId = { at: 0, text: '' };

  constructor(body: Buffer) {
    super(body);
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** Reads the length of the next message. Returns its end. */
  end(): number {
    const length = this.uint32();
    if (length > this.len - this.pos) throw new RangeError('premature end');
    return this.pos + length;
  }

  /** Whether a message with that end has more fields. */
  goesOn(end: number): boolean {
    if (this.pos > end) throw new RangeError('a field exceeds its message');
    return this.pos < end;
  }

  skipTagged(tag: number): void {
    const field = tag >>> 3;
    if (field === 0) throw new Error('a field has no number');
    const wireType = tag & 7;
    // `skip` of the library creates an object.
    if (wireType === LENGTH_DELIMITED) this.pos = this.end();
    else if (wireType === VARINT) this.uint32();
    else this.skip(wireType as WireType, field);
  }

  /** The first byte of the next text; `undefined` if the text is empty or long. */
  get firstByte(): number | undefined {
    const length = this.#body[this.pos] ?? 0;
    return length > 0 && length < 128 ? this.#body[this.pos + 1] : undefined;
  }

  /** Reads a text, and skips its end if it is far too long. */
  override string(): string {
    const end = this.end();
    const begin = this.pos;
    this.pos = end;
    return this.#body.toString('utf8', begin, endOfText(begin, end));
  }

  /** The same with a name, of which there are few. It is remembered, so it must not be personal. */
  name(): string {
    const end = this.end();
    const begin = this.pos;
    this.pos = end;
    return names.read(this.#body, begin, endOfText(begin, end));
  }

  /** Reads an ID; `''` if it is too long. */
  hex(last: LastId): string {
    const end = this.end();
    const begin = this.pos;
    this.pos = end;
    if (end - begin > 16) return '';
    if (!this.#isSame(begin, end, last)) {
      last.text = this.#body.toString('hex', begin, end);
      last.at = begin;
    }
    return last.text;
  }

  #isSame(begin: number, end: number, { at, text }: LastId): boolean {
    if (text.length !== 2 * (end - begin)) return false;
    for (let i = end - begin - 1; i >= 0; i--) {
      if (this.#body[at + i] !== this.#body[begin + i]) return false;
    }
    return true;
  }

  nanos(): bigint {
    this.pos += 8;
    return this.#view.getBigUint64(this.pos - 8, true); // Buffer's method is slower
  }
}
