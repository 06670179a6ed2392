import { PARAMETERS, type SettableParameter } from './parameters/parameter-table.js';
import { toParameterValue } from './parameters/parameter-value.js';
import { encodeValue } from './text.js';

/** A tracking parameter of a hit. */
export interface Field {
  readonly name: string;
  /** As Matomo reads it. */
  readonly value: string;
  /** `&name=value`, percent-encoded. */
  readonly text: string;
}

/** Fields that stay together, such as those of a client. */
export class FieldGroup {
  readonly fields: readonly Field[];
  /** All of them, as one flat text: V8 copies that faster than one of parts. */
  readonly text: string;

  constructor(fields: readonly (Field | undefined)[]) {
    this.fields = fields.filter((field) => field !== undefined);
    this.text = this.fields.map(({ text }) => text).join('');
  }
}

/** Fields of a hit in order; `undefined` for those that it does not have. */
export type FieldList = readonly (Field | FieldGroup | undefined)[];

/** A field with a value that is known to be valid. */
export function rawField(name: string, value: string): Field {
  return { name, value, text: `&${name}=${encodeValue(value)}` };
}

/** A field with the valid part of a value; `undefined` if there is none. */
export function createField(name: SettableParameter, unchecked: unknown): Field | undefined {
  const value = toParameterValue(PARAMETERS[name], unchecked);
  return value === undefined ? undefined : rawField(name, value);
}

/** What every hit begins with. */
export function siteFields(site: number | string, trackBots = false): FieldGroup {
  return new FieldGroup([
    rawField('idsite', String(site)),
    rawField('rec', '1'),
    rawField('apiv', '1'),
    trackBots ? rawField('bots', '1') : undefined,
  ]);
}

/** The fields of one hit in order, to be edited by name. */
export class HitFields {
  readonly #fields = new Map<string, Field>();

  constructor(list: FieldList = []) {
    for (const part of list) {
      if (part instanceof FieldGroup) for (const field of part.fields) this.add(field);
      else if (part) this.add(part);
    }
  }

  find(name: string): Field | undefined {
    return this.#fields.get(name);
  }

  get(name: string): string | undefined {
    return this.#fields.get(name)?.value;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** Replaces the field of the same name, in its place. */
  add(field: Field): void {
    this.#fields.set(field.name, field);
  }

  set(name: string, value: string): void {
    this.add(rawField(name, value));
  }

  delete(name: string): void {
    this.#fields.delete(name);
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(Array.from(this, ({ name, value }) => [name, value]));
  }

  [Symbol.iterator](): Iterator<Field> {
    return this.#fields.values();
  }
}

/** Joins fields to a query string, or continues one. */
export function joinFields(list: FieldList, beginning = ''): string {
  let query = beginning;
  for (const part of list) {
    if (part) query += query === '' ? `?${part.text.slice(1)}` : part.text;
  }
  return query;
}
