import { parseArgs } from 'node:util';
import { show } from '../../common/diagnostics.js';
import { trackedBaseUrl } from '../../options/url-values.js';
import { emailAddress, goal } from '../flag-values.js';
import { UsageError } from '../usage-error.js';
import { collectExtras, type Wanted } from './wanted.js';

export interface SetupArguments {
  /** Applies without asking. */
  readonly isConfirmed: boolean;
  /** Changes nothing. */
  readonly isDry: boolean;
  readonly isJson: boolean;
  readonly tokenFile: string | undefined;
  readonly newSite: { readonly name: string; readonly url: string } | undefined;
  readonly extras: Omit<Wanted, 'site' | 'mapped'>;
}

/**
 * Parses the arguments of `setup`.
 *
 * @throws an error for which `isUsageError` is true if one is unknown or invalid, or if they contradict each other
 */
export function parseArguments(args: string[]): SetupArguments {
  const { values, tokens } = parseArgs({
    args,
    tokens: true,
    options: {
      yes: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      consumers: { type: 'boolean', default: false },
      mcp: { type: 'boolean', default: false },
      bots: { type: 'boolean', default: false },
      segments: { type: 'boolean', default: false },
      'auto-archive': { type: 'boolean', default: false },
      'weekly-report': { type: 'string' },
      goal: { type: 'string', multiple: true, default: [] },
      'create-site': { type: 'string' },
      'site-url': { type: 'string' },
      'token-file': { type: 'string' },
    },
  });
  const { 'create-site': name, 'site-url': url, 'weekly-report': email } = values;
  if ((name === undefined) !== (url === undefined)) {
    throw new UsageError('--create-site NAME and --site-url URL need each other');
  }
  if (name !== undefined && name.trim() === '') {
    throw new UsageError('--create-site must be the name of the site');
  }
  const goals = values.goal.map((text) => goal('--goal', text));
  const names = goals.map((one) => one.name.toLowerCase());
  const duplicate = goals.find((one, index) => names.indexOf(one.name.toLowerCase()) !== index);
  if (duplicate) throw new UsageError(`--goal has ${show(duplicate.name)} twice`);
  return {
    isConfirmed: values.yes,
    isDry: values['dry-run'],
    isJson: values.json,
    tokenFile: values['token-file'],
    newSite:
      name === undefined
        ? undefined
        : { name: name.trim(), url: trackedBaseUrl('--site-url', url) },
    extras: {
      ...collectExtras(tokens.flatMap((token) => (token.kind === 'option' ? token.name : []))),
      goals,
      archivesSegments: values['auto-archive'],
      weeklyReport: email === undefined ? undefined : emailAddress('--weekly-report', email),
    },
  };
}
