import type { ResolvedInspector, ResolvedSite } from './inspector-options.js';

/** A custom dimension. */
export interface Dimension {
  readonly id: number;
  readonly name: string;
  readonly scope: string;
  readonly isActive: boolean;
}

/** A goal, and the condition on which Matomo itself converts it; empty if only hits do. */
interface Goal {
  readonly id: number;
  readonly name: string;
  readonly condition: Readonly<Partial<Record<string, string>>>;
}

/** What Matomo knows about a site. */
export interface Site {
  readonly name: string;
  readonly urls: readonly string[];
  readonly dimensions: readonly Dimension[];
  readonly goals: readonly Goal[];
  /** Neither options nor Matomo's API declared dimensions: some count as active, but the API does not list them. */
  readonly hasAssumedDimensions: boolean;
}

/** Finds the site with an ID; `undefined` if it does not exist. */
export type FindSite = Sites['find'];

export interface Sites extends ReturnType<typeof createSites> {}

const ASSUMED_DIMENSIONS = [1, 2, 3, 4, 5];
const ASSUMED_GOALS = 999;
const ASSUMED_SITES = 10_000;

/** The sites of an inspector. What is created by the API stays until the inspector is closed. */
export function createSites({ sites: declared, dimensions }: ResolvedInspector) {
  const sites = new Map(
    [...(declared ?? [])].map(([id, site]) => [id, toSite(site, dimensions ?? [])]),
  );
  const assumed: Site = {
    ...toSite({ urls: [], goals: range(ASSUMED_GOALS), dimensions: undefined }, [
      ...(dimensions ?? ASSUMED_DIMENSIONS),
    ]),
    hasAssumedDimensions: dimensions === undefined,
  };
  return {
    find: (id: number): Site | undefined =>
      sites.get(id) ?? (declared === undefined && id > 0 ? assumed : undefined),
    set: (id: number, site: Site) => void sites.set(id, site),
    /** All IDs; without the option `sites`, some of those that exist. */
    ids: () => [
      ...new Set([...sites.keys(), ...(declared === undefined ? range(ASSUMED_SITES) : [])]),
    ],
  };
}

function toSite({ urls, goals, dimensions }: ResolvedSite, ofAll: readonly number[]): Site {
  return {
    name: 'Inspected site',
    urls,
    dimensions: (dimensions ?? ofAll).map((id) => {
      return { id, name: `Dimension ${id}`, scope: 'action', isActive: true };
    }),
    goals: goals.map((id) => ({ id, name: `Goal ${id}`, condition: {} })),
    hasAssumedDimensions: false,
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
