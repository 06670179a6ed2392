import { parseArgs } from 'node:util';
import { show } from '../../common/diagnostics.js';
import { UsageError } from '../usage-error.js';
import {
  BOT_DIMENSION,
  CONSUMER_DIMENSIONS,
  CONSUMER_SEGMENTS,
  DIMENSIONS,
  MCP_DIMENSIONS,
  SEGMENTS,
  type Wanted,
  type WantedGoal,
} from './make-plan.js';

export interface SetupArguments {
  /** Applies without asking. */
  readonly isConfirmed: boolean;
  /** Changes nothing. */
  readonly isDry: boolean;
  readonly isJson: boolean;
  readonly tokenFile: string | undefined;
  readonly newSite: { readonly name: string; readonly url: string } | undefined;
  readonly extras: Pick<Wanted, 'dimensions' | 'goals' | 'segments'>;
}

/**
 * Parses the arguments of `setup`.
 *
 * @throws UsageError if one is unknown or invalid, or if they contradict each other
 */
export function parseArguments(args: string[]): SetupArguments {
  const values = parse(args);
  const { 'create-site': name, 'site-url': url } = values;
  if ((name === undefined) !== (url === undefined)) {
    throw new UsageError('--create-site NAME and --site-url URL need each other');
  }
  if (name !== undefined && name.trim() === '') {
    throw new UsageError('--create-site must be the name of the site');
  }
  const goals = values.goal.map(toGoal);
  const names = goals.map((goal) => goal.name.toLowerCase());
  const duplicate = goals.find((goal, index) => names.indexOf(goal.name.toLowerCase()) !== index);
  if (duplicate) throw new UsageError(`--goal has ${show(duplicate.name)} twice`);
  return {
    isConfirmed: values.yes,
    isDry: values['dry-run'],
    isJson: values.json,
    tokenFile: values['token-file'],
    newSite: name === undefined ? undefined : { name: name.trim(), url: toSiteUrl(url ?? '') },
    extras: {
      dimensions: [
        ...DIMENSIONS,
        ...(values.bots ? [BOT_DIMENSION] : []),
        ...(values.consumers ? CONSUMER_DIMENSIONS : []),
        ...(values.mcp ? MCP_DIMENSIONS : []),
      ],
      goals,
      segments: [
        ...(values.segments ? SEGMENTS : []),
        ...(values.consumers ? CONSUMER_SEGMENTS : []),
      ],
    },
  };
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        yes: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        consumers: { type: 'boolean', default: false },
        mcp: { type: 'boolean', default: false },
        bots: { type: 'boolean', default: false },
        segments: { type: 'boolean', default: false },
        goal: { type: 'string', multiple: true, default: [] },
        'create-site': { type: 'string' },
        'site-url': { type: 'string' },
        'token-file': { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Parses `NAME=PATTERN`; the pattern may contain further `=`. */
function toGoal(text: string): WantedGoal {
  const [, name = '', pattern = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (name.trim() !== '' && pattern.trim() !== '') {
    return { name: name.trim(), pattern: pattern.trim() };
  }
  throw new UsageError(`--goal must be NAME=PATTERN, got ${show(text)}`);
}

/** Validates the URL, because Matomo accepts any text without an error. */
function toSiteUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    return url.origin + url.pathname.replace(/\/+$/, '');
  }
  const wanted = 'a URL that begins with http:// or https://, without a user name or password';
  throw new UsageError(`--site-url must be ${wanted}, got ${show(text)}`);
}
