import { PARAMETERS, type SettableParameter } from './parameters/parameter-table.js';
import { toParameterValue, type ValueRules } from './parameters/parameter-values.js';
import { encodeValue } from './text.js';

/**
 * A tracking parameter of a hit. A class and not a literal, like the other objects that each request makes and stores: once V8 has seen
 * that objects of one literal survive, it allocates all later ones in the old generation. They and what they hold then stay until the
 * next full garbage collection. That took a fifth of the CPU time of a hit.
 */
export class Field {
  readonly name: string;
  /** As Matomo reads it. */
  readonly value: string;
  /** `&name=value`, percent-encoded; `?idsite=…` of the site, with which every hit begins. */
  readonly text: string;

  constructor(name: string, value: string, text: string) {
    this.name = name;
    this.value = value;
    this.text = text;
  }
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

/** A field with a value that is known to be valid. */
export function rawField(name: string, value: string): Field {
  return new Field(name, value, `${name === 'idsite' ? '?' : '&'}${name}=${encodeValue(value)}`);
}

/** A field with the valid part of a value; `undefined` if there is none. */
export function createField(name: SettableParameter, unchecked: unknown): Field | undefined {
  return fieldOf(name, PARAMETERS[name], unchecked);
}

/** The same by the rules of its parameter. */
export function fieldOf(name: string, rules: ValueRules, unchecked: unknown): Field | undefined {
  const value = toParameterValue(rules, unchecked);
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

type Part = Field | FieldGroup | undefined;

/** The fields of a page view before anything is added to it, in order. A class for the reason that `Field` has. */
export class PageFields {
  visitor: Part;
  client: Part;
  url: Part = undefined;
  referrer: Part = undefined;
  signature: Part = undefined;
  time: Part = undefined;
  title: Part = undefined;
  variables: Part = undefined;
  duration: Part = undefined;

  constructor(visitor?: Part, client?: Part) {
    this.visitor = visitor;
    this.client = client;
  }
}

/** The fields that each part may have. */
const FIELDS: Readonly<Record<keyof PageFields, readonly string[]>> = {
  visitor: ['idsite', 'rec', 'apiv', 'bots', 'cip', 'cid'],
  client: ['ua', 'uadata', 'lang'],
  url: ['url'],
  referrer: ['urlref'],
  signature: ['ai_s', 'ai_si', 'ai_sa'],
  time: ['cdt'],
  title: ['action_name'],
  variables: ['cvar'],
  duration: ['gt_ms', 'pf_srv'],
};
const PARTS = /* @__PURE__ */ Object.keys(FIELDS) as (keyof PageFields)[];
const PART_OF: ReadonlyMap<string, keyof PageFields> = /* @__PURE__ */ new Map(
  PARTS.flatMap((part) => FIELDS[part].map((name) => [name, part])),
);

/** What a page view knows of its fields. */
interface KnownFields {
  readonly visitor: { readonly site: number; readonly id: string | undefined };
  readonly startSeconds: number;
}

/** The fields of one hit in order, to be edited by name. Most that are added have other names than those of the page view. */
export class HitFields {
  readonly #page: PageFields;
  #added: Field[] = [];
  // `undefined` once a field is edited that decides about it.
  #site: number | undefined;
  #visitor: string | undefined;
  #startSeconds: number | undefined;
  /** Whether anything was edited that says where the hit is from. */
  isNamedAnew = false;

  /** Takes over what it is given. What is known need not be read from it. */
  constructor(page: PageFields = new PageFields(), known?: KnownFields) {
    this.#page = page;
    if (!known) return;
    this.#site = known.visitor.site;
    this.#visitor = known.visitor.id ?? '';
    this.#startSeconds = known.startSeconds;
  }

  get site(): number {
    this.#site ??= Number(this.get('idsite'));
    return this.#site;
  }

  /** The user ID if there is one, else the visitor ID. */
  get visitor(): string {
    this.#visitor ??= this.get('uid') ?? this.get('cid') ?? '';
    return this.#visitor;
  }

  /** When its request began. */
  get startSeconds(): number {
    this.#startSeconds ??= Number(this.get('cdt')) - Number(this.get('cdo') ?? 0);
    return this.#startSeconds;
  }

  #forget(name: string): void {
    if (name === 'idsite') this.#site = undefined;
    else if (name === 'uid' || name === 'cid') this.#visitor = undefined;
    else if (name === 'cdt' || name === 'cdo') this.#startSeconds = undefined;
  }

  find(name: string): Field | undefined {
    const part = PART_OF.get(name);
    const found = part && findIn(this.#page[part], name);
    if (found) return found;
    for (const field of this.#added) if (field.name === name) return field;
    return undefined;
  }

  get(name: string): string | undefined {
    return this.find(name)?.value;
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** Appends a field if there is one, or replaces the one of the same name in its place. */
  add(field: Field | undefined): void {
    if (field) this.#put(field.name, field);
  }

  set(name: string, value: string): void {
    this.add(rawField(name, value));
  }

  delete(name: string): void {
    this.#put(name, undefined);
  }

  /** Only the group of the field is taken apart. */
  #put(name: string, field: Field | undefined): void {
    this.#forget(name);
    const part = PART_OF.get(name);
    if (part === 'visitor' || part === 'client') this.isNamedAnew = true;
    const known = part && this.#page[part];
    if (part && findIn(known, name)) {
      this.#page[part] = known instanceof FieldGroup ? known.replace(name, field) : field;
      return;
    }
    const added = this.#added;
    const index = added.findIndex((each) => each.name === name);
    if (!field) added.splice(index, index < 0 ? 0 : 1);
    else if (index < 0) added.push(field);
    else added[index] = field;
  }

  /** Removes what was added, except for fields of these names. */
  removeAdded(kept: ReadonlySet<string>): void {
    if (this.#added.length === 0) return;
    for (const { name } of this.#added) this.#forget(name);
    this.#added = this.#added.filter(({ name }) => kept.has(name));
  }

  /** Fields that a page view does not have. */
  get added(): readonly Field[] {
    return this.#added;
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.toList().map(({ name, value }) => [name, value]));
  }

  toList(): Field[] {
    const list: Field[] = [];
    for (const name of PARTS) {
      const part = this.#page[name];
      if (part instanceof FieldGroup) list.push(...part.fields);
      else if (part) list.push(part);
    }
    list.push(...this.#added);
    return list;
  }

  /** As a query string. */
  toQuery(): string {
    const { visitor, client, url, referrer, signature, time, title, variables, duration } =
      this.#page;
    let query = textOf(visitor) + textOf(client) + textOf(url) + textOf(referrer);
    query +=
      textOf(signature) + textOf(time) + textOf(title) + textOf(variables) + textOf(duration);
    for (const { text } of this.#added) query += text;
    return query;
  }
}

function textOf(part: Part): string {
  return part ? part.text : '';
}

function findIn(part: Part, name: string): Field | undefined {
  if (!(part instanceof FieldGroup)) return part?.name === name ? part : undefined;
  for (const field of part.fields) if (field.name === name) return field;
  return undefined;
}
