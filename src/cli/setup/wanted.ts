import { show } from '../../common/diagnostics.js';
import { trackedBaseUrl } from '../../options/url-values.js';
import type { tryToken } from '../doctor/questions.js';
import { emailAddress, goal, parseFlags, UsageError } from '../flags.js';

/** What arguments and environment ask of setup. */
export interface Wanted extends Readonly<ReturnType<typeof parseArguments>> {
  /** URL of `matomo.php`. */
  readonly url: URL;
  readonly site: { readonly id: number } | { readonly name: string; readonly url: string };
  /** How the tracker is asked whether it accepts the token. */
  readonly tracker: Omit<Parameters<typeof tryToken>[0], 'siteId'>;
  /** The content of `MATOMO_DIMENSIONS`: attributes by ID. */
  readonly mapped: Readonly<Record<string, unknown>>;
  /** The option `siteSearch`. */
  readonly keepsSearch: boolean;
}

export interface WantedDimension {
  readonly name: string;
  /** The attribute of a span that it stores. */
  readonly attribute: string;
}

export interface WantedSegment {
  readonly name: string;
  /** Name of the dimension that the condition is about. Without it, the condition is the whole definition. */
  readonly dimension?: string;
  readonly condition: string;
}

/**
 * Parses the arguments of `setup`.
 *
 * @throws an error for which `isUsageError` is true if one is unknown or invalid, or if they contradict each other
 */
export function parseArguments(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values, tokens } = parseFlags({
    args,
    tokens: true,
    options: {
      yes: flag,
      'dry-run': flag,
      json: flag,
      consumers: flag,
      mcp: flag,
      segments: flag,
      'auto-archive': flag,
      'weekly-report': text,
      goal: { ...text, multiple: true, default: [] },
      'create-site': text,
      'site-url': text,
      'token-file': text,
    },
  });
  const { 'create-site': name, 'site-url': url, 'weekly-report': email } = values;
  if ((name === undefined) !== (url === undefined)) {
    throw new UsageError('--create-site NAME and --site-url URL need each other');
  }
  if (name !== undefined && name.trim() === '') {
    throw new UsageError('--create-site must be the name of the site');
  }
  const goals = values.goal.map((one) => goal('--goal', one));
  const names = goals.map((one) => one.name.toLowerCase());
  const duplicate = goals.find((one, index) => names.indexOf(one.name.toLowerCase()) !== index);
  if (duplicate) throw new UsageError(`--goal has ${show(duplicate.name)} twice`);
  return {
    /** Applies without asking. */
    isConfirmed: values.yes,
    /** Changes nothing. */
    isDry: values['dry-run'],
    tokenFile: values['token-file'],
    newSite:
      name === undefined
        ? undefined
        : { name: name.trim(), url: trackedBaseUrl('--site-url', url) },
    ...collectExtras(tokens.flatMap((token) => (token.kind === 'option' ? token.name : []))),
    goals,
    /** Whether Matomo computes segments when it archives reports, and not when somebody looks at them. */
    archivesSegments: values['auto-archive'],
    /** The address to which Matomo sends a report every week. */
    weeklyReport: email === undefined ? undefined : emailAddress('--weekly-report', email),
  };
}

/** The description by which a second run finds the report. */
export const WEEKLY_REPORT = 'Requests of the week';

export const FAILED_ENDPOINT = 'Failed endpoint';
const STATUS = 'HTTP status';

/** The most important first. */
const DIMENSIONS: readonly WantedDimension[] = [
  { name: FAILED_ENDPOINT, attribute: 'matomo.failed_endpoint' },
  { name: STATUS, attribute: 'http.response.status_code' },
  { name: 'HTTP method', attribute: 'http.request.method' },
  { name: 'Route', attribute: 'http.route' },
];

/** What a flag adds. */
interface Extras {
  readonly dimensions?: readonly WantedDimension[];
  readonly segments?: readonly WantedSegment[];
  /** Its dimensions take slots before all others: a site that needs them is about nothing else. */
  readonly isFirst?: true;
}

export const EXTRAS = {
  segments: {
    segments: [
      { name: 'Visits with a server error', dimension: STATUS, condition: '=^5' },
      { name: 'Visits with a 404', dimension: STATUS, condition: '==404' },
      { name: 'Without user ID', condition: 'userId==' },
    ],
  },
  consumers: {
    dimensions: [
      { name: 'Client', attribute: 'user_agent.name' },
      { name: 'Client version', attribute: 'user_agent.version' },
    ],
  },
  mcp: {
    isFirst: true,
    dimensions: [
      { name: 'Tool', attribute: 'gen_ai.tool.name' },
      { name: 'MCP client', attribute: 'mcp.client.name' },
    ],
    segments: [{ name: 'MCP clients', condition: 'pageTitle=^MCP%20' }],
  },
} as const satisfies Record<string, Extras>;

/** The dimensions and segments of flags, in the order of the command line. Dimensions take slots, of which a site has few, in that order. */
export function collectExtras(flags: readonly string[]) {
  const all: Readonly<Record<string, Extras>> = EXTRAS;
  const extras = [...new Set(flags)].flatMap((flag) => all[flag] ?? []);
  const first = extras.filter(({ isFirst }) => isFirst);
  const rest = extras.filter(({ isFirst }) => !isFirst);
  const sets = [...first, { dimensions: DIMENSIONS }, ...rest];
  return {
    dimensions: sets.flatMap(({ dimensions = [] }) => dimensions),
    segments: extras.flatMap(({ segments = [] }) => segments),
  };
}

export const COMMAND = 'npx opentelemetry-matomo setup';

/** The dimensions that setup can create, by attribute: the name, and the command that creates it. */
export const KNOWN_DIMENSIONS: ReadonlyMap<unknown, { name: string; command: string }> = new Map(
  Object.entries<Extras>({ '': { dimensions: DIMENSIONS }, ...EXTRAS }).flatMap(
    ([flag, { dimensions = [] }]) =>
      dimensions.map(({ name, attribute }) => {
        return [attribute, { name, command: flag === '' ? COMMAND : `${COMMAND} --${flag}` }];
      }),
  ),
);
