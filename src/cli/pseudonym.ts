import { text as readAll } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { coded } from '../common/messages.js';
import { createToPseudonym, identify, userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import { STRICT } from '../options/resolve-options.js';
import { readOption, UsageError } from './flags.js';
import { promptSecret } from './terminal.js';

const HOW_TO_GIVE = 'type it at a terminal, or pipe it';

/** The source if `MATOMO_USER_ID` is neither a header nor a claim. */
const ANY_HEADER = { kind: 'header', header: 'x-api-key' } as const;

/** Reads a key or the value of a claim without echo, or from a pipe, and prints its pseudonym. No message shows the value. */
export async function pseudonym(args: string[]): Promise<void> {
  // Positional arguments are allowed here, because the parser's own error message would show the value.
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  if (positionals.length > 0) throw new UsageError(`there are no arguments; ${HOW_TO_GIVE}`);
  const toUserId = createToUserId();
  console.log(toUserId(await readValue()));
}

/** Creates a function that returns the user ID that tracking sends for a value, with the options of the environment. */
export function createToUserId(): (input: string) => string {
  const isStrict = readOption('privacy') === 'strict';
  const visitorKey = readOption('visitorKey') ?? (isStrict ? STRICT.visitorKey : undefined);
  const userId = readOption('userId');
  const key = stableVisitorKey({ visitorKey, tokenAuth: readOption('tokenAuth') });
  if (key === undefined) throw new Error(coded('user-id-key', NO_KEY));
  const toPseudonym = createToPseudonym(key);
  return (input) => toPseudonym(toValue(input, userId));
}

async function readValue(): Promise<string> {
  const typed = process.stdin.isTTY
    ? await promptSecret('Key, or value of the claim (not shown): ')
    : (await readAll(process.stdin)).split('\n', 1)[0];
  const value = typed?.trim();
  if (!value) throw new UsageError(`there is no value; ${HOW_TO_GIVE}`);
  return value;
}

/** Extracts the value that tracking would read from a header. */
function toValue(input: string, userId: unknown): string {
  const source = userIdSourceOf(userId) ?? ANY_HEADER;
  const identity = identify(source.kind === 'claim' ? ANY_HEADER : source, input);
  if (identity.kind === 'known') return identity.value;
  if (source.kind === 'claim') {
    const ofToken = identify(source, /^bearer\s/i.test(input) ? input : `Bearer ${input}`);
    if (ofToken.kind === 'known') return ofToken.value;
    throw new Error(coded('user-id-token', NO_CLAIM));
  }
  throw new Error(identity.kind === 'none' ? NOBODY : coded('user-id-token', TOKEN_CHANGES));
}

const NO_KEY =
  'There is no lasting key for pseudonyms. Requests have no user ID. Set the MATOMO_VISITOR_KEY of the application to a secret, not to daily. If it has neither this nor MATOMO_PRIVACY, set its MATOMO_TOKEN_AUTH.';
const NO_CLAIM =
  'The value is a token without the claim that MATOMO_USER_ID names. Requests with it have no user ID. Enter another token, or the value of the claim.';
const TOKEN_CHANGES =
  'The value is a JSON Web Token, which changes often. Requests with it have no user ID. Set MATOMO_USER_ID to jwt.sub, jwt.client_id or jwt.azp.';
const NOBODY = 'The value names nobody. Requests with it have no user ID. Enter another value.';
