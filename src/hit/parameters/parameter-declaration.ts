/** What a value must be like, so that Matomo stores it and its database accepts it. */
export interface ValueRules {
  readonly kind:
    | 'text'
    | 'url'
    | 'referrer'
    | 'integer'
    | 'number'
    | 'flag'
    | 'json'
    | 'user-id'
    | 'visitor-id'
    | 'address'
    | 'time'
    | 'variables';
  /** Text: limit of its column. Bytes are counted after HTML escaping, because Matomo escapes before it cuts. */
  readonly maxBytes?: number;
  readonly maxCharacters?: number;
  /** Text: Matomo treats `0` as empty. */
  readonly isZeroEmpty?: true;
  /** Numbers: outside of this range, the parameter is dropped. */
  readonly min?: number;
  readonly max?: number;
  /** Integers: a fraction, which Matomo would ignore, is rounded. Without this flag, a fraction drops the parameter. */
  readonly rounded?: true;
}

/** A tracking parameter of Matomo. */
export interface ParameterDeclaration extends ValueRules {
  /** Matomo rejects the whole hit if this is sent without the token of a user with write access. */
  readonly needsToken?: true;
  /** Only the package sets it: applications cannot. */
  readonly isReserved?: true;
  /** Which hits of a request have the same value: all of them, or all except crashes. Missing: each hit has its own. */
  readonly sharedBy?: 'all' | 'actions';
  /** Makes the hit something else than a page view, such as an event. */
  readonly decidesKind?: true;
}

/** Names of products, categories, events and content. */
export const NAME = { kind: 'text', maxCharacters: 4096, isZeroEmpty: true } as const;

/** Shorter than the texts that a gateway reads, so that text which it cut is rejected. Room for about 400 items. */
export const ITEMS = { kind: 'json', maxCharacters: 32_000 } as const;
