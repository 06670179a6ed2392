import { TRACKING_API_REFERENCE } from '../hit/parameters/parameter-declaration.js';
import { PARAMETERS } from '../hit/parameters/parameter-table.js';

/** What the page shows about a tracking parameter. */
export interface ParameterExplanation {
  readonly meaning: string;
  /** Column of Matomo's database; `*` is the number of a dimension or a slot. */
  readonly column?: string;
  readonly needsToken?: true;
  /** Heading in Matomo's reference. */
  readonly section?: string;
}

/** What the page loads before it shows hits. */
export interface PageContext {
  /** By name; `dimension*` is for all dimensions. */
  readonly parameters: Readonly<Record<string, ParameterExplanation>>;
  /** Address of Matomo's reference. */
  readonly reference: string;
}

export function toPageContext(): PageContext {
  const parameters = Object.fromEntries(
    Object.entries(PARAMETERS).flatMap(([name, declaration]) => {
      if (declaration === undefined) return [];
      const { meaning, column, needsToken, section } = declaration;
      return [[name, { meaning, column, needsToken, section } as ParameterExplanation]];
    }),
  );
  return { parameters, reference: TRACKING_API_REFERENCE };
}
