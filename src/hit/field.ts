import { PARAMETERS, type SettableParameter, SHARED } from './parameters/parameter-table.js';
import { toParameterValue } from './parameters/parameter-value.js';
import { type EncodedText, toEncoded } from './text.js';

/** One parameter of a hit. */
export interface Field {
  readonly name: string;
  /** As Matomo is to read it. */
  readonly value: string;
  /** `&name=value`, percent-encoded. */
  readonly pair: string;
  /** Whether all hits of a request have it. */
  readonly isShared: boolean;
}

/** A parameter with a value that is known to be fit. */
export function rawField(name: string, value: string): Field {
  return encodedField(name, toEncoded(value));
}

/** The same with a value that is encoded already. */
export function encodedField(name: string, { text, encoded }: EncodedText): Field {
  return { name, value: text, pair: `&${name}=${encoded}`, isShared: SHARED.has(name) };
}

/** A parameter with a value as far as that is fit; `undefined` where it is not. */
export function createField(name: SettableParameter, given: unknown): Field | undefined {
  const value = toParameterValue(PARAMETERS[name], given);
  return value === undefined ? undefined : rawField(name, value);
}

/** Parameters that come together, and again and again. */
export class Fields {
  readonly all: readonly Field[];
  /** `&name=value&…` of all. */
  readonly text: string;

  constructor(fields: readonly (Field | undefined)[]) {
    this.all = fields.filter((field) => field !== undefined);
    this.text = this.all.map(({ pair }) => pair).join(''); // flat: what is put together by `+` is copied piece by piece
  }
}
