import type { ValueRules } from './parameters/parameter-declaration.js';
import { PARAMETERS, type SettableParameter } from './parameters/parameter-table.js';
import { toParameterValue } from './parameters/parameter-value.js';
import { encodeValue } from './text.js';

/** A tracking parameter of a hit. */
export interface Field {
  readonly name: string;
  /** As Matomo reads it. */
  readonly value: string;
  /** `&name=value`, percent-encoded; `?idsite=…` of the site, with which every hit begins. */
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
  return { name, value, text: beginningOf(name) + encodeValue(value) };
}

function beginningOf(name: string): string {
  return name === 'idsite' ? '?idsite=' : `&${name}=`;
}

/** Makes a field with the valid part of a value; `undefined` if there is none. */
export type ToField = (unchecked: unknown) => Field | undefined;

/** Makes fields of one name. */
export function createToField(name: SettableParameter): ToField {
  const declaration = PARAMETERS[name];
  const beginning = beginningOf(name);
  const encode = NEVER_ENCODED.has(declaration.kind) ? (value: string) => value : encodeValue;
  return function toField(unchecked) {
    const value = toParameterValue(declaration, unchecked);
    return value === undefined ? undefined : { name, value, text: beginning + encode(value) };
  };
}

/** A field with the valid part of a value; `undefined` if there is none. */
export function createField(name: SettableParameter, unchecked: unknown): Field | undefined {
  return createToField(name)(unchecked);
}

/** Their valid values need no encoding. */
const NEVER_ENCODED: ReadonlySet<ValueRules['kind']> = new Set(['integer', 'time']);

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

  /** V8 copies a map faster than what an iterator of ours returns. */
  toList(): Field[] {
    return [...this.#fields.values()];
  }

  [Symbol.iterator](): Iterator<Field> {
    return this.#fields.values();
  }
}

/** Joins fields to a query string, or continues one. */
export function joinFields(list: FieldList, beginning = ''): string {
  let query = beginning;
  for (const part of list) if (part) query += part.text;
  return query;
}
