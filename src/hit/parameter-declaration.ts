/** What a value has to be so that Matomo stores it and no database refuses it. */
export interface ParameterDeclaration {
  readonly kind:
    | 'text'
    | 'url'
    | 'integer'
    | 'number'
    | 'flag'
    | 'json'
    | 'visitor-id'
    | 'address'
    | 'time';
  /** Text: longest that its column takes. Bytes are counted after HTML escaping, as Matomo cuts. */
  readonly maxBytes?: number;
  readonly maxCharacters?: number;
  /** Numbers: outside of this range the parameter is left out. */
  readonly min?: number;
  readonly max?: number;
  /** Integers: a fraction is rounded, where Matomo would ignore it. Else it is left out. */
  readonly rounded?: true;
  /** Matomo refuses the whole hit where this comes without the token of a user who may write. */
  readonly needsToken?: true;
  /** What it says, in a few words. */
  readonly meaning: string;
  /** Where Matomo keeps it: a column of the action, or of another table that is named. Default: nowhere by itself. */
  readonly column?: string;
  /** Part of Matomo's reference that describes it; none for what only its source code tells. */
  readonly section?: Section;
}

/** Parts of Matomo's reference, by its headings. */
export type Section =
  | 'Required'
  | 'Recommended'
  | 'User info'
  | 'Attribution'
  | 'Action info'
  | 'Page performance'
  | 'Events'
  | 'Content'
  | 'Ecommerce'
  | 'With authentication'
  | 'Other';

export const TRACKING_API_REFERENCE = 'https://developer.matomo.org/api-reference/tracking-api';
