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

  /** The same group with another field of this name, or without one. */
  replace(name: string, replacement: Field | undefined): FieldGroup {
    return new FieldGroup(this.fields.map((field) => (field.name === name ? replacement : field)));
  }
}

/** Fields of a hit in order; `undefined` for those that it does not have. */
export type FieldList = (Field | FieldGroup | undefined)[];

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

/** The names that a page view may have before anything is added to it. */
const OF_PAGE_VIEWS: ReadonlySet<string> = new Set([
  ...['idsite', 'rec', 'apiv', 'bots', 'cip', 'cid', 'ua', 'uadata', 'lang', 'url', 'urlref'],
  ...['ai_s', 'ai_si', 'ai_sa', 'action_name', 'cvar', 'cdt', 'gt_ms', 'pf_srv'],
]);

/** The fields of one hit in order, to be edited by name. Most that are added have other names than those of the page view. */
export class HitFields {
  readonly #page: FieldList;
  readonly #added: Field[] = [];

  /** Takes the list over. */
  constructor(page: FieldList = []) {
    this.#page = page;
  }

  find(name: string): Field | undefined {
    for (const field of this.#added) if (field.name === name) return field;
    return OF_PAGE_VIEWS.has(name) ? this.#findInPage(name) : undefined;
  }

  get(name: string): string | undefined {
    return this.find(name)?.value;
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** Appends a field, or replaces the one of the same name in its place. */
  add(field: Field): void {
    const { name } = field;
    const index = this.#added.findIndex((added) => added.name === name);
    if (index >= 0) this.#added[index] = field;
    else if (!OF_PAGE_VIEWS.has(name) || !this.#replaceInPage(name, field)) this.#added.push(field);
  }

  set(name: string, value: string): void {
    this.add(rawField(name, value));
  }

  delete(name: string): void {
    const index = this.#added.findIndex((added) => added.name === name);
    if (index >= 0) this.#added.splice(index, 1);
    else if (OF_PAGE_VIEWS.has(name)) this.#replaceInPage(name, undefined);
  }

  #findInPage(name: string): Field | undefined {
    for (const part of this.#page) {
      const found = part && findIn(part, name);
      if (found) return found;
    }
    return undefined;
  }

  /** Returns whether there was one. Only the group of this field is taken apart. */
  #replaceInPage(name: string, field: Field | undefined): boolean {
    const index = this.#page.findIndex((part) => part && findIn(part, name));
    if (index < 0) return false;
    const part = this.#page[index];
    this.#page[index] = part instanceof FieldGroup ? part.replace(name, field) : field;
    return true;
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.toList().map(({ name, value }) => [name, value]));
  }

  toList(): Field[] {
    const ofPage = this.#page.flatMap((part) => {
      if (part instanceof FieldGroup) return part.fields;
      return part ?? [];
    });
    return [...ofPage, ...this.#added];
  }

  /** Only the fields of these names. */
  pick(names: ReadonlySet<string>): HitFields {
    const isNamed = ({ name }: Field) => names.has(name);
    const picked = new HitFields(
      this.#page.map((part) => {
        if (part instanceof FieldGroup) {
          return part.fields.every(isNamed) ? part : new FieldGroup(part.fields.filter(isNamed));
        }
        return part && isNamed(part) ? part : undefined;
      }),
    );
    picked.#added.push(...this.#added.filter(isNamed));
    return picked;
  }

  /** As a query string. */
  toQuery(): string {
    let query = '';
    for (const part of this.#page) if (part) query += part.text;
    for (const { text } of this.#added) query += text;
    return query;
  }
}

function findIn(part: Field | FieldGroup, name: string): Field | undefined {
  if ('name' in part) return part.name === name ? part : undefined;
  for (const field of part.fields) if (field.name === name) return field;
  return undefined;
}
