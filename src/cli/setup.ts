import { parseArgs } from 'node:util';
import { PREFIX, show } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { credentialsIn, secret } from '../options/values.js';
import { isProcessed, tryToken } from './doctor/questions.js';
import { orUsageError, readOption, UsageError } from './flags.js';
import { type ApiClient, ApiFailure, createApiClient, isReadableByOthers } from './matomo-api.js';
import { type MatomoSite, readSite } from './matomo-site.js';
import { explainRejectedToken } from './rejected-token.js';
import { makePlan, requireAccess, type Step, toEnvironment } from './setup-plan.js';
import { confirm, createCleaner, promptSecret, wrap } from './terminal.js';

const DEFAULT_TIMEOUT_MILLIS = 30_000;
/** The variable for a token that only setup uses, so that applications need no token with write access. */
export const SETUP_TOKEN = 'MATOMO_SETUP_TOKEN';

const [REJECTED, BLOCKED] = [1, 3];

/** Creates the custom dimensions that a site lacks, and prints the variables to set. */
export async function setup(args: string[]): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { yes: flag, 'dry-run': flag } });
  const url = readOption('url');
  const siteId = readOption('siteId');
  if (url === undefined || typeof siteId !== 'number')
    throw new UsageError('set MATOMO_URL, and MATOMO_SITE_ID to one ID');
  const mapped = readOption('dimensions') ?? {};
  if (isReadableByOthers(url)) console.error(PREFIX + coded('not-private', NOT_PRIVATE));
  const token = await readToken();
  const headers = readOption('headers') ?? {};
  const timeoutMillis = readOption('exportTimeoutMillis') ?? DEFAULT_TIMEOUT_MILLIS;
  const clean = createCleaner([token, ...credentialsIn(headers)]);
  const client = createApiClient({ url, token, headers, timeoutMillis });
  const tracker = { url, siteId, tokenAuth: token, headers, exportTimeoutMillis: timeoutMillis };
  let hasStarted = false;

  async function run(): Promise<number> {
    await client.requireMatomo();
    let site = await readSite(client, siteId as number);
    requireAccess(site);
    let plan = makePlan(site, mapped);
    for (const line of plan.flatMap(format)) console.log(line);
    const rejection = await findRejection(site, tracker);
    if (rejection) console.error(clean(PREFIX + coded('token-rejected', rejection)));
    const pending = plan.filter(({ call }) => call);
    if (pending.length > 0) {
      if (values['dry-run'] || !(await isConfirmed(pending.length, values.yes)))
        return values['dry-run'] ? 0 : REJECTED;
      hasStarted = true;
      for (const step of pending) await makeChange(client, step);
      site = await readSite(client, siteId as number);
      plan = makePlan(site, mapped);
      if (plan.some(({ call }) => call))
        throw new ApiFailure('request-rejected', NOT_LISTED, 'Look at its custom dimensions');
    }
    printEnvironment(toEnvironment(url as URL, site, plan, mapped));
    return plan.some(({ action }) => action === 'blocked') ? BLOCKED : 0;
  }

  try {
    process.exitCode = await run();
  } catch (error) {
    const stays = 'What was created before stays; run setup again to continue';
    const effect = hasStarted ? stays : 'Nothing was changed';
    const { message, code, advice } = error as ApiFailure;
    if (!(error instanceof ApiFailure)) throw new Error(clean(`${message}. ${effect}.`));
    console.error(clean(PREFIX + coded(code, `${message}. ${effect}. ${advice}.`)));
    process.exitCode = REJECTED;
  } finally {
    await client.close();
  }
}

/** Lets the tracker try the token once, because the API accepts some tokens that the tracker rejects. */
async function findRejection(
  { siteId, access, version }: MatomoSite,
  tracker: Parameters<typeof tryToken>[0],
): Promise<string | undefined> {
  const { role = 'none' } = access ?? {};
  if (role === 'view' || !isProcessed(await tryToken(tracker), 'invalid')) return undefined;
  const { found, advice } = explainRejectedToken({ role, version }, siteId);
  return `${found}. ${advice}`;
}

/** Asks for confirmation at the terminal. Returns false if there is no terminal, or if the plan is not shown there. */
async function isConfirmed(count: number, isYes: boolean): Promise<boolean> {
  const question = `Make ${count === 1 ? '1 change' : `${count} changes`} in Matomo?`;
  const answer = isYes || (process.stdout.isTTY ? await confirm(question) : undefined);
  if (!answer) console.error(answer === undefined ? NO_TERMINAL : 'Nothing was changed.');
  return answer === true;
}

async function makeChange(client: ApiClient, { call, name }: Step): Promise<void> {
  const result = call && (await client.call(call));
  if (result?.kind !== 'refused') return;
  const what = `Matomo does not create the dimension ${name}: ${show(result.message)}`;
  throw new ApiFailure('request-rejected', what, 'Create it in Administration > Websites');
}

const MARKS = { create: '+', present: '=', blocked: '!' } as const;

function format({ action, name, id, reason }: Step): string[] {
  const place = id === undefined ? '' : ` ID ${id}`;
  const head = `  ${MARKS[action]} ${action.padEnd(7)}  ${name.padEnd(15)}${place}`;
  return [head.trimEnd(), ...(reason === undefined ? [] : wrap(' '.repeat(13), reason))];
}

/** Prints lines to copy for a POSIX shell. */
function printEnvironment(variables: Readonly<Record<string, string>>): void {
  console.log('\nSet this where the application starts:\n');
  for (const [name, value] of Object.entries(variables)) {
    const isPlain = /^[\w@%+=:,./-]+$/.test(value);
    console.log(`export ${name}=${isPlain ? value : `'${value.replaceAll("'", "'\\''")}'`}`);
  }
}

const NOT_PRIVATE =
  'MATOMO_URL begins with http://. Others on the network can read the token. Use https:// if Matomo supports it.';
const NO_TERMINAL =
  'Nothing was changed, because there is no terminal to confirm the plan. Run setup with --yes.';
const NOT_LISTED = 'Matomo confirmed all changes but does not list all dimensions';

/** @throws UsageError if the token is missing or invalid */
async function readToken(): Promise<string> {
  // No message of `secret` contains the token.
  const parse = (name: string, text: string) => orUsageError(() => secret(name, text));
  const own = process.env[SETUP_TOKEN]?.trim();
  if (own) return parse(SETUP_TOKEN, own);
  const token = readOption('tokenAuth');
  if (token !== undefined) return token;
  const typed = await promptSecret('Token of a user with write access (not shown): ');
  if (typed !== undefined) return parse('the token', typed);
  const sources = `${SETUP_TOKEN}, MATOMO_TOKEN_AUTH or MATOMO_TOKEN_AUTH_FILE`;
  throw new UsageError(`there is no token; set ${sources}, or type it at a terminal`);
}
