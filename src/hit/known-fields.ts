import { copyKey } from '../common/copy-text.js';
import { type Field, rawField } from './field.js';
import { declarationOf } from './parameters/parameter-table.js';
import { toParameterValue } from './parameters/parameter-value.js';

const MAX_KNOWN = 2000;
const MAX_CHARACTERS = 500;

type Value = string | number;

/** Checked parameters, in their order. Events have the same ones again and again, so that they are found by name and value. */
export class KnownFields {
  readonly fields: readonly Field[];
  /** `&name=value` of all of them, as one flat text: V8 copies that faster than one of parts. */
  readonly text: string;
  /** How many take the place of nothing that the request has, besides the address of its page. */
  readonly ownCount: number;
  /** Whether any takes the place of what the request has. */
  readonly hasShared: boolean;
  #next: Map<string, Map<Value, KnownFields>> | undefined;

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.text = fields.map(({ pair }) => pair).join('');
    this.ownCount = fields.filter(({ name, isShared }) => !isShared || name === 'url').length;
    this.hasShared = fields.some(({ name, isShared }) => isShared || name === 'cdt');
  }

  next(name: string, value: Value): KnownFields | undefined {
    return this.#next?.get(name)?.get(value);
  }

  /** Returns those with one more field. */
  add(name: string, value: Value, field: Field): KnownFields {
    const more = new KnownFields([...this.fields, field]);
    this.#next ??= new Map();
    const ofName = this.#next.get(name) ?? new Map<Value, KnownFields>();
    this.#next.set(name, ofName.set(value, more));
    return more;
  }
}

let first = /* @__PURE__ */ new KnownFields([]);
let knownCount = 0;

/** What parameters make; `undefined` if there is something to report about one, or if they are too long to be kept. */
export function findKnownFields(
  parameters: Readonly<Record<string, unknown>>,
): KnownFields | undefined {
  let found = first;
  for (const name in parameters) {
    const value = parameters[name];
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const next = found.next(name, value) ?? extend(found, name, value);
    if (!next) return undefined;
    found = next;
  }
  return found;
}

function extend(found: KnownFields, name: string, value: Value): KnownFields | undefined {
  // Each more copies those before it.
  if (found.text.length > MAX_CHARACTERS || String(value).length > MAX_CHARACTERS) return undefined;
  const own = copyKey(value);
  const field = toField(name, own);
  if (!field) return undefined;
  knownCount += 1;
  if (knownCount > MAX_KNOWN) {
    first = new KnownFields([]);
    knownCount = 0;
  }
  return found.add(name, own, field);
}

function toField(name: string, value: Value): Field | undefined {
  const declaration = declarationOf(name);
  if (!declaration || declaration.needsToken || name === 'uid') return undefined;
  const text = toParameterValue(declaration, value);
  return text === undefined ? undefined : rawField(name, text);
}
