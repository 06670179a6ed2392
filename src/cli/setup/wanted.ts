/** What a site has after setup. */
export interface Wanted {
  readonly site: { readonly id: number } | { readonly name: string; readonly url: string };
  readonly dimensions: readonly WantedDimension[];
  readonly goals: readonly WantedGoal[];
  readonly segments: readonly WantedSegment[];
}

export interface WantedDimension {
  readonly name: string;
  /** The attribute of a span that it stores. */
  readonly attribute: string;
  /** If the site has no room for it, the rest of the plan is carried out, and succeeds. */
  readonly isOptional?: true;
}

export interface WantedGoal {
  readonly name: string;
  /** A URL that contains it converts the goal. */
  readonly pattern: string;
}

export interface WantedSegment {
  readonly name: string;
  /** Name of the dimension that the condition is about. */
  readonly dimension: string;
  readonly condition: string;
}

const STATUS = 'HTTP status';

export const DIMENSIONS: readonly WantedDimension[] = [
  { name: 'HTTP method', attribute: 'http.request.method' },
  { name: STATUS, attribute: 'http.response.status_code' },
  { name: 'Route', attribute: 'http.route' },
  { name: 'Failed endpoint', attribute: 'matomo.failed_endpoint' },
];

/** The description of a dimension in Matomo, by which it is found if somebody renames it. */
export function describeDimension({ attribute }: WantedDimension): string {
  return `${attribute}, sent by opentelemetry-matomo`;
}

export const BOT_DIMENSION: WantedDimension = { name: 'Bot', attribute: 'user_agent.bot.name' };

const DEPRECATED = 'Deprecated endpoint';

/** Who calls. The most important first: a site has few slots. */
export const CONSUMER_DIMENSIONS: readonly WantedDimension[] = [
  { name: DEPRECATED, attribute: 'matomo.deprecated_endpoint', isOptional: true },
  { name: 'Client', attribute: 'user_agent.name', isOptional: true },
  { name: 'Client version', attribute: 'user_agent.version', isOptional: true },
];

export const CONSUMER_SEGMENTS: readonly WantedSegment[] = [
  { name: 'Deprecated endpoints', dimension: DEPRECATED, condition: '!=' },
];

export const SEGMENTS: readonly WantedSegment[] = [
  { name: 'Visits with a server error', dimension: STATUS, condition: '=^5' },
  { name: 'Visits with a 404', dimension: STATUS, condition: '==404' },
];
