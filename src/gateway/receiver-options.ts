import { show } from '../common/diagnostics.js';
import {
  type Environment,
  type OptionDeclaration,
  option,
  type ResolvedValues,
  readText,
  readVariables,
  variablesOf,
} from '../options/declaration.js';
import { patternsFromText } from '../options/environment-text.js';
import { optionError } from '../options/option-error.js';
import { integer, secret, stateless } from '../options/parse-values.js';
import { checkIsObject } from '../options/resolve-options.js';
import type { MatomoOptions } from '../options.js';
import type { GatewayOptions, ReceiverOptions } from './gateway-options.js';
import type { Names } from './otlp/span-selection.js';

/** The options of the receiver, declared as those of `src/options/option-table.ts` are. */
export const RECEIVER_OPTIONS = {
  /**
   * Address and port to listen on.
   * @example MATOMO_GATEWAY_LISTEN=0.0.0.0:4318
   */
  listen: option<string>()({
    env: 'MATOMO_GATEWAY_LISTEN',
    parse: address,
    default: { host: '127.0.0.1', port: 4318 },
    defaultText: '`127.0.0.1:4318`',
    isFlag: true,
  }),
  /**
   * How long a request waits for the spans below it after its SERVER span has arrived, in milliseconds. If they arrive later, use more
   * than the longest export interval of the SDKs.
   */
  graceMillis: option<number>()({
    env: 'MATOMO_GATEWAY_GRACE',
    parse: integer(0, 600_000),
    default: 2000,
  }),
  /** Token that senders have to send as `Authorization: Bearer …`, as with `OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…`. */
  bearerToken: option<string>()({
    env: 'MATOMO_GATEWAY_BEARER_TOKEN',
    file: 'MATOMO_GATEWAY_BEARER_TOKEN_FILE',
    parse: secret,
    default: undefined,
    defaultText: 'none is required',
  }),
  /** Certificate chain and key: PEM text in code, files in the environment. */
  tls: option<{ readonly cert: string; readonly key: string }>()({
    files: { cert: 'MATOMO_GATEWAY_TLS_CERT_FILE', key: 'MATOMO_GATEWAY_TLS_KEY_FILE' },
    parse: certificate,
    default: undefined,
    defaultText: 'plain HTTP',
  }),
  /** Maximum size of a request body in bytes, both as sent and decompressed. */
  maxBodyBytes: option<number>()({
    env: 'MATOMO_GATEWAY_MAX_BODY_BYTES',
    parse: integer(1024, 256 * 1024 ** 2),
    default: 4 * 1024 ** 2,
  }),
  /**
   * Services whose spans are used, by `service.name`: whole names or regular expressions. It also applies to a replay.
   * @example MATOMO_GATEWAY_SERVICES='shop,/^stock-/i'
   */
  services: option<readonly (string | RegExp)[]>()({
    env: 'MATOMO_GATEWAY_SERVICES',
    fromText: patternsFromText,
    parse: names,
    default: undefined,
    defaultText: 'all',
    isFlag: true,
  }),
  /** Instrumentation scopes whose SERVER spans are requests: whole names or regular expressions. It also applies to a replay. */
  scopes: option<readonly (string | RegExp)[]>()({
    env: 'MATOMO_GATEWAY_SCOPES',
    fromText: patternsFromText,
    parse: names,
    default: undefined,
    defaultText: 'all',
    isFlag: true,
  }),
};

type ReceiverOptionName = keyof typeof RECEIVER_OPTIONS;

/** Options of the receiver after parsing, with defaults. */
export type ResolvedReceiver = ResolvedValues<typeof RECEIVER_OPTIONS>;

/** The variables of the receiver's options. */
export const RECEIVER_VARIABLES: readonly string[] = variablesOf(RECEIVER_OPTIONS);

/** Options that are also flags of the command line. */
export const RECEIVER_FLAGS: readonly string[] = Object.entries<OptionDeclaration<unknown>>(
  RECEIVER_OPTIONS,
).flatMap(([name, { isFlag }]) => (isFlag ? name : []));

/** The options that flags give as text. */
export function readFlags(flags: Readonly<Record<string, string | undefined>>): ReceiverOptions {
  const values = Object.entries(flags).map(([name, text = '']) => {
    const { fromText } = RECEIVER_OPTIONS[name as ReceiverOptionName] as OptionDeclaration<unknown>;
    return [name, readText(text, fromText)];
  });
  return Object.fromEntries(values);
}

/**
 * Resolves the receiver's options, and separates the others.
 *
 * @throws TypeError naming the option or variable and the value, if one is invalid
 */
export function resolveReceiver(
  options: GatewayOptions,
  env: Environment,
): { receiver: ResolvedReceiver; matomo: MatomoOptions } {
  checkIsObject(options);
  const values: Record<string, unknown> = { ...options };
  const receiver: Record<string, unknown> = {};
  for (const name of Object.keys(RECEIVER_OPTIONS) as ReceiverOptionName[]) {
    receiver[name] = resolveReceiverOption(name, values[name], env);
    delete values[name];
  }
  return { receiver: receiver as ResolvedReceiver, matomo: values };
}

/** Resolves one option: from code, else from the environment, else its default. */
export function resolveReceiverOption<Name extends ReceiverOptionName>(
  name: Name,
  fromCode: unknown,
  env: Environment,
): ResolvedReceiver[Name] {
  const declaration = RECEIVER_OPTIONS[name] as OptionDeclaration<unknown>;
  const value =
    fromCode === undefined ? readVariables(declaration, env) : declaration.parse(name, fromCode);
  return (value ?? declaration.default) as ResolvedReceiver[Name];
}

/** An empty list is invalid, because it would select nothing. */
function names(name: string, value: unknown): Names {
  if (Array.isArray(value) && value.length > 0 && value.every(isName)) {
    return value.map((item) => (typeof item === 'string' ? item : stateless(item)));
  }
  throw optionError(`${name} must be a list of names or regular expressions, got ${show(value)}`);
}

function isName(item: unknown): item is string | RegExp {
  return item instanceof RegExp || (typeof item === 'string' && item !== '');
}

/** Parses `4318`, `0.0.0.0:4318` or `[::1]:4318`. */
function address(name: string, value: unknown): { host: string; port: number } {
  const [, ipv6, host, digits] =
    /^(?:(?:\[([\da-f:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/i.exec(String(value)) ?? [];
  const port = Number(digits);
  if (typeof value === 'string' && digits !== undefined && port <= 65_535) {
    return { host: ipv6 ?? host ?? '127.0.0.1', port };
  }
  throw optionError(
    `${name} must be an address and a port such as 127.0.0.1:4318, got ${show(value)}`,
  );
}

/** The message does not show certificate and key. */
function certificate(name: string, value: unknown): { cert: string; key: string } {
  const { cert, key } = (value ?? {}) as { cert?: unknown; key?: unknown };
  if (typeof cert === 'string' && typeof key === 'string') return { cert, key };
  throw optionError(`${name} must be an object with cert and key as PEM text`);
}
