import { readFileSync } from 'node:fs';
import { show } from '../diagnostics.js';
import { integer, secret } from '../options/option-values.js';
import { wrongOption } from '../options/wrong-option.js';
import type { MatomoOptions } from '../options.js';

/** What can be set of the receiver itself, in code or by the environment; code wins, and a wrong value throws from either. */
export interface ReceiverOptions {
  /** Address and port to listen on; other hosts reach only what is bound to more than loopback. Default: `127.0.0.1:4318`. */
  readonly listen?: string | undefined;
  /** How long a request waits for spans below it after its SERVER span has come. Default: 2000. */
  readonly graceMillis?: number | undefined;
  /** What senders have to say in `Authorization: Bearer …`. Default: nothing. */
  readonly bearerToken?: string | undefined;
  /** Certificate chain and key as PEM. Default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Largest body, as sent and inflated. Default: 4 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

/** What can be set of a gateway: the receiver, and what becomes of requests. */
export interface GatewayOptions extends MatomoOptions, ReceiverOptions {}

export interface ResolvedReceiver {
  readonly host: string;
  readonly port: number;
  readonly graceMillis: number;
  readonly bearerToken: string | undefined;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly maxBodyBytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const graceMillis = integer(0, 600_000);
const maxBodyBytes = integer(1024, 256 * 1024 ** 2);

/** The receiver's options, and the others. Throws a `TypeError` that names what is wrong. */
export function resolveReceiver(
  options: GatewayOptions,
  env: Environment,
): { receiver: ResolvedReceiver; matomo: MatomoOptions } {
  const { listen, graceMillis: grace, bearerToken, tls, maxBodyBytes: body, ...matomo } = options;

  function resolve<T>(
    name: string,
    value: unknown,
    variable: string,
    parse: (name: string, value: unknown) => T,
    byDefault: T,
  ): T {
    if (value !== undefined) return parse(name, value);
    return env[variable] ? parse(variable, env[variable]) : byDefault;
  }

  const receiver = {
    ...resolve('listen', listen, 'MATOMO_GATEWAY_LISTEN', address, {
      host: '127.0.0.1',
      port: 4318,
    }),
    graceMillis: resolve('graceMillis', grace, 'MATOMO_GATEWAY_GRACE', graceMillis, 2000),
    bearerToken: resolve(
      'bearerToken',
      bearerToken ?? env.MATOMO_GATEWAY_BEARER_TOKEN,
      'MATOMO_GATEWAY_BEARER_TOKEN_FILE',
      (name, value) => secret(name, value === bearerToken ? value : fromFile(name, value)),
      undefined,
    ),
    tls: tls === undefined ? tlsOfEnvironment(env) : tlsOf('tls', tls),
    maxBodyBytes: resolve(
      'maxBodyBytes',
      body,
      'MATOMO_GATEWAY_MAX_BODY_BYTES',
      maxBodyBytes,
      4 * 1024 ** 2,
    ),
  };
  return { receiver, matomo };
}

/** `4318`, `0.0.0.0:4318`, `[::1]:4318`. */
function address(name: string, value: unknown): { host: string; port: number } {
  const [, ipv6, host, digits] =
    /^(?:(?:\[([\da-f:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/i.exec(String(value)) ?? [];
  const port = Number(digits);
  if (typeof value === 'string' && digits !== undefined && port <= 65_535) {
    return { host: ipv6 ?? host ?? '127.0.0.1', port };
  }
  throw wrongOption(
    `${name} must be an address and a port like 127.0.0.1:4318, got ${show(value)}`,
  );
}

function tlsOfEnvironment(env: Environment): ResolvedReceiver['tls'] {
  const names = { cert: 'MATOMO_GATEWAY_TLS_CERT_FILE', key: 'MATOMO_GATEWAY_TLS_KEY_FILE' };
  const { [names.cert]: cert, [names.key]: key } = env;
  if (!cert && !key) return undefined;
  if (!cert || !key) throw wrongOption(`${names.cert} and ${names.key} belong together`);
  return { cert: fromFile(names.cert, cert), key: fromFile(names.key, key) };
}

/** The key is not shown. */
function tlsOf(name: string, value: unknown): { cert: string; key: string } {
  const { cert, key } = (value ?? {}) as { cert?: unknown; key?: unknown };
  if (typeof cert === 'string' && typeof key === 'string') return { cert, key };
  throw wrongOption(`${name} must be an object with cert and key as PEM text`);
}

/** Content of a file that an option names. */
export function fromFile(name: string, path: unknown): string {
  try {
    return readFileSync(String(path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrongOption(`${name} ${show(path)} cannot be read (${code})`);
  }
}
