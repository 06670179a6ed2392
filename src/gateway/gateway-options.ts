import { readFileSync } from 'node:fs';
import { show } from '../common/diagnostics.js';
import { patternsFromText } from '../options/environment-text.js';
import { integer, secret, stateless } from '../options/option-values.js';
import { wrongOption } from '../options/wrong-option.js';
import type { MatomoOptions } from '../options.js';
import type { Names } from './otlp/span-selection.js';

/** Options of the receiver. Each has an environment variable; code wins, and an invalid value throws in both cases. */
export interface ReceiverOptions {
  /**
   * Address and port to listen on, such as `0.0.0.0:4318` for requests from other hosts.
   *
   * @default '127.0.0.1:4318'
   */
  readonly listen?: string | undefined;
  /**
   * How long a request waits for the spans below it after its SERVER span has arrived, in milliseconds.
   *
   * @default 2000
   */
  readonly graceMillis?: number | undefined;
  /**
   * Token that senders have to send as `Authorization: Bearer …`.
   *
   * @default none is required
   */
  readonly bearerToken?: string | undefined;
  /**
   * Certificate chain and key as PEM text.
   *
   * @default plain HTTP
   */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /**
   * Maximum size of a request body in bytes, both as sent and decompressed.
   *
   * @default 4194304 (4 MiB)
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Services whose spans are used, by `service.name`: whole names or regular expressions.
   *
   * @default all
   */
  readonly services?: Names | undefined;
  /**
   * Instrumentation scopes whose SERVER spans are requests: whole names or regular expressions.
   *
   * @default all
   */
  readonly scopes?: Names | undefined;
}

/** Options of a gateway: those of the receiver, and all options of the span processor. */
export interface GatewayOptions extends MatomoOptions, ReceiverOptions {}

export interface ResolvedReceiver {
  readonly host: string;
  readonly port: number;
  readonly graceMillis: number;
  readonly bearerToken: string | undefined;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly maxBodyBytes: number;
  readonly services: Names | undefined;
  readonly scopes: Names | undefined;
}

/** The variables of the receiver's options. */
export const GATEWAY_VARIABLES = {
  listen: 'MATOMO_GATEWAY_LISTEN',
  grace: 'MATOMO_GATEWAY_GRACE',
  bearerToken: 'MATOMO_GATEWAY_BEARER_TOKEN',
  bearerTokenFile: 'MATOMO_GATEWAY_BEARER_TOKEN_FILE',
  tlsCertFile: 'MATOMO_GATEWAY_TLS_CERT_FILE',
  tlsKeyFile: 'MATOMO_GATEWAY_TLS_KEY_FILE',
  maxBodyBytes: 'MATOMO_GATEWAY_MAX_BODY_BYTES',
  services: 'MATOMO_GATEWAY_SERVICES',
  scopes: 'MATOMO_GATEWAY_SCOPES',
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Resolves the receiver's options, and separates the others.
 *
 * @throws TypeError naming the option and the value, if one is invalid
 */
export function resolveReceiver(
  options: GatewayOptions,
  env: Environment,
): { receiver: ResolvedReceiver; matomo: MatomoOptions } {
  const { listen, graceMillis, bearerToken, tls, maxBodyBytes, services, scopes, ...matomo } =
    options;
  const { listen: listenName, grace, maxBodyBytes: maxBodyName } = GATEWAY_VARIABLES;
  const receiver = {
    ...(parseFirst(address, ['listen', listen], [listenName, env[listenName]]) ?? {
      host: '127.0.0.1',
      port: 4318,
    }),
    graceMillis:
      parseFirst(integer(0, 600_000), ['graceMillis', graceMillis], [grace, env[grace]]) ?? 2000,
    bearerToken: tokenOf(bearerToken, env),
    tls: tls === undefined ? tlsOfEnvironment(env) : tlsOf('tls', tls),
    maxBodyBytes:
      parseFirst(
        integer(1024, 256 * 1024 ** 2),
        ['maxBodyBytes', maxBodyBytes],
        [maxBodyName, env[maxBodyName]],
      ) ?? 4 * 1024 ** 2,
    ...resolveNames({ services, scopes }, env),
  };
  return { receiver, matomo };
}

/** Resolves the selected services and scopes, also for a replay. */
export function resolveNames(
  { services, scopes }: Pick<ReceiverOptions, 'services' | 'scopes'>,
  env: Environment,
): Pick<ResolvedReceiver, 'services' | 'scopes'> {
  const { services: servicesName, scopes: scopesName } = GATEWAY_VARIABLES;
  return {
    services: parseFirst(names, ['services', services], [servicesName, env[servicesName]]),
    scopes: parseFirst(names, ['scopes', scopes], [scopesName, env[scopesName]]),
  };
}

/** Parses the value in code, else the one in the environment. An empty variable counts as unset. */
function parseFirst<T>(
  parse: (name: string, value: unknown) => T,
  inCode: readonly [string, unknown],
  inEnvironment: readonly [string, string | undefined],
): T | undefined {
  if (inCode[1] !== undefined) return parse(...inCode);
  const [name, text] = inEnvironment;
  return text?.trim() ? parse(name, text.trim()) : undefined;
}

function tokenOf(inCode: string | undefined, env: Environment): string | undefined {
  const { bearerToken, bearerTokenFile } = GATEWAY_VARIABLES;
  const token = parseFirst(secret, ['bearerToken', inCode], [bearerToken, env[bearerToken]]);
  const file = env[bearerTokenFile]?.trim();
  if (token !== undefined || !file) return token;
  return secret(bearerTokenFile, fromFile(bearerTokenFile, file));
}

/** Parses a list such as `shop, /^stock-/i`. An empty list is invalid, because it would select nothing. */
function names(name: string, value: unknown): Names {
  const list = typeof value === 'string' ? fromText(value) : value;
  if (Array.isArray(list) && list.length > 0 && list.every(isName)) {
    return list.map((item) => (typeof item === 'string' ? item : stateless(item)));
  }
  throw wrongOption(`${name} must be a list of names or regular expressions, got ${show(value)}`);
}

function isName(item: unknown): item is string | RegExp {
  return item instanceof RegExp || (typeof item === 'string' && item !== '');
}

function fromText(text: string): Names | undefined {
  try {
    return patternsFromText(text);
  } catch {
    return undefined; // an invalid regular expression
  }
}

/** Parses `4318`, `0.0.0.0:4318` or `[::1]:4318`. */
function address(name: string, value: unknown): { host: string; port: number } {
  const [, ipv6, host, digits] =
    /^(?:(?:\[([\da-f:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/i.exec(String(value)) ?? [];
  const port = Number(digits);
  if (typeof value === 'string' && digits !== undefined && port <= 65_535) {
    return { host: ipv6 ?? host ?? '127.0.0.1', port };
  }
  throw wrongOption(
    `${name} must be an address and a port such as 127.0.0.1:4318, got ${show(value)}`,
  );
}

function tlsOfEnvironment(env: Environment): ResolvedReceiver['tls'] {
  const { tlsCertFile, tlsKeyFile } = GATEWAY_VARIABLES;
  const cert = env[tlsCertFile]?.trim();
  const key = env[tlsKeyFile]?.trim();
  if (!cert && !key) return undefined;
  if (!cert || !key) throw wrongOption(`${tlsCertFile} and ${tlsKeyFile} must be set together`);
  return { cert: fromFile(tlsCertFile, cert), key: fromFile(tlsKeyFile, key) };
}

/** Validates certificate and key. The message does not show them. */
function tlsOf(name: string, value: unknown): { cert: string; key: string } {
  const { cert, key } = (value ?? {}) as { cert?: unknown; key?: unknown };
  if (typeof cert === 'string' && typeof key === 'string') return { cert, key };
  throw wrongOption(`${name} must be an object with cert and key as PEM text`);
}

/** Reads a file that an option names. The error does not show the path: it may be the secret itself. */
function fromFile(name: string, path: unknown): string {
  try {
    return readFileSync(String(path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrongOption(`the file in ${name} cannot be read (${code})`);
  }
}
