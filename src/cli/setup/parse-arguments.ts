import { parseArgs } from 'node:util';
import { show } from '../../common/diagnostics.js';
import { trackedBaseUrl } from '../../options/url-values.js';
import { emailAddress, goal } from '../flag-values.js';
import { UsageError } from '../usage-error.js';
import { collectExtras } from './wanted.js';

export interface SetupArguments extends ReturnType<typeof parseArguments> {}

/**
 * Parses the arguments of `setup`.
 *
 * @throws an error for which `isUsageError` is true if one is unknown or invalid, or if they contradict each other
 */
export function parseArguments(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values, tokens } = parseArgs({
    args,
    tokens: true,
    options: {
      yes: flag,
      'dry-run': flag,
      json: flag,
      consumers: flag,
      mcp: flag,
      bots: flag,
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
    extras: {
      ...collectExtras(tokens.flatMap((token) => (token.kind === 'option' ? token.name : []))),
      goals,
      /** Whether Matomo computes segments when it archives reports, and not when somebody looks at them. */
      archivesSegments: values['auto-archive'],
      /** The address to which Matomo sends a report every week. */
      weeklyReport: email === undefined ? undefined : emailAddress('--weekly-report', email),
    },
  };
}
