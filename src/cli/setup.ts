import { readFileSync } from 'node:fs';
import { codeOf } from '../common/describe-error.js';
import { coded } from '../common/messages.js';
import { readEnvironment } from '../options/environment.js';
import { credentialsIn } from '../options/header-values.js';
import { secret } from '../options/parse-values.js';
import { problemOf } from '../options/parser.js';
import { isUsageError, orUsageError, readOption, UsageError } from './flags.js';
import { ApiFailure, createApiClient, isReadableByOthers } from './matomo-api.js';
import { createReport, type Report } from './setup/report.js';
import { runSetup } from './setup/run-setup.js';
import { parseArguments } from './setup/wanted.js';
import { promptSecret } from './terminal.js';

const DEFAULT_TIMEOUT_MILLIS = 30_000;

/** Prepares a Matomo site for reports about HTTP requests. */
export async function setup(args: string[]): Promise<void> {
  // Warnings of Node.js would mix with the JSON.
  process.removeAllListeners('warning');
  const report = createReport(args.includes('--json'));
  try {
    process.exitCode = await connectAndRun(args, report);
    report.end();
  } catch (error) {
    if (isUsageError(error)) {
      process.exitCode = 2;
      if (!report.isJson) throw error;
      report.end(problemOf(error));
    } else {
      process.exitCode = 1;
      report.end(describe(error as Error, report.hasStarted()));
    }
  }
}

async function connectAndRun(args: string[], report: Report): Promise<number> {
  const parsed = parseArguments(args);
  const url = readOption('url');
  if (url === undefined) throw new UsageError('set MATOMO_URL');
  const mapped = readEnvironment('dimensions', process.env, { error: report.warn }) ?? {};
  const keepsSearch = readEnvironment('siteSearch', process.env, { error: report.warn }) ?? false;
  const site = parsed.newSite ?? { id: readSiteId() };
  if (isReadableByOthers(url)) {
    const effect = 'Others on the network can read the token';
    const text = `MATOMO_URL begins with http://. ${effect}. Use https:// if Matomo supports it.`;
    report.warn(coded('not-private', text));
  }
  const token = await readToken(parsed.tokenFile);
  const headers = readOption('headers') ?? {};
  report.hide([token, ...credentialsIn(headers)]);
  const timeoutMillis = readOption('exportTimeoutMillis') ?? DEFAULT_TIMEOUT_MILLIS;
  const client = createApiClient({ url, token, headers, timeoutMillis });
  const tracker = { url, tokenAuth: token, headers, exportTimeoutMillis: timeoutMillis };
  try {
    return await runSetup(client, { ...parsed, url, tracker, site, mapped, keepsSearch }, report);
  } finally {
    await client.close();
  }
}

function readSiteId(): number {
  const id = readOption('siteId');
  if (typeof id === 'number') return id;
  const advice = 'set MATOMO_SITE_ID to one ID, or create a site with --create-site and --site-url';
  throw new UsageError(advice);
}

/** What happened, whether Matomo was changed, and what to do. */
function describe(error: Error, hasStarted: boolean): string {
  const effect = hasStarted
    ? 'What was created before stays; run setup again to continue'
    : 'Nothing was changed';
  if (!(error instanceof ApiFailure)) return `${error.message}. ${effect}.`;
  return coded(error.code, `${error.message}. ${effect}. ${error.advice}.`);
}

/** A token for setup only, so that applications need none with write access. */
export const SETUP_TOKEN = 'MATOMO_SETUP_TOKEN';

/**
 * Reads the token from a file, from the environment, or from the terminal.
 *
 * @throws UsageError if there is none
 */
async function readToken(file: string | undefined): Promise<string> {
  // No message of `secret` contains the token.
  const parse = (name: string, text: string) => orUsageError(() => secret(name, text));
  if (file !== undefined) return parse('the content of --token-file', readText(file));
  const own = process.env[SETUP_TOKEN]?.trim();
  if (own) return parse(SETUP_TOKEN, own);
  const token = readOption('tokenAuth');
  if (token !== undefined) return token;
  const typed = await promptSecret('Token of a user with write access (not shown): ');
  if (typed !== undefined) return parse('the token', typed);
  const sources = `--token-file FILE, ${SETUP_TOKEN}, MATOMO_TOKEN_AUTH or MATOMO_TOKEN_AUTH_FILE`;
  throw new UsageError(`there is no token; set ${sources}, or type it at a terminal`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`the file in --token-file cannot be read (${codeOf(error)})`);
  }
}
