import {
  declareOptions,
  type InCode,
  type OptionDeclaration,
  option,
  type Parser,
  parser,
  type ResolvedValues,
} from '../options/option.js';
import { OPTIONS } from '../options/option-table.js';
import { checkIsObject, type Environment, readVariables } from '../options/resolve-options.js';
import { integer, secret } from '../options/values.js';
import type { MatomoOptions } from '../options.js';

/** Options of the receiver. Each has an environment variable. Code takes precedence, and an invalid value throws in both cases. */
export interface ReceiverOptions extends InCode<typeof RECEIVER_OPTIONS> {}

/** Options of a gateway: those of the receiver, and all options of the span processor. */
export interface GatewayOptions extends MatomoOptions, ReceiverOptions {}

/** Parses `4318`, `0.0.0.0:4318` or `[::1]:4318`. */
const address: Parser<{ host: string; port: number }, string> = parser(
  'an address and a port such as 127.0.0.1:4318',
  (value) => {
    const [, ipv6, host, digits] =
      /^(?:(?:\[([\da-f:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/i.exec(String(value)) ?? [];
    const port = Number(digits);
    const isAddress = typeof value === 'string' && digits !== undefined && port <= 65_535;
    return isAddress ? { host: ipv6 ?? host ?? '127.0.0.1', port } : undefined;
  },
);

/** The options of the receiver, declared like those of `src/options/option-table.ts`. */
export const RECEIVER_OPTIONS = declareOptions('MATOMO_GATEWAY_', {
  /**
   * Address and port to listen on.
   * @default `127.0.0.1:4318`
   * @example MATOMO_GATEWAY_LISTEN=0.0.0.0:4318
   */
  listen: option(address, { default: { host: '127.0.0.1', port: 4318 } }),
  /**
   * Milliseconds that a request waits for other spans after its SERVER span. If some end later, use more than the SDKs' export interval.
   * @default `2000`
   */
  graceMillis: option(integer(0, 600_000), { default: 2000 }),
  /**
   * Token that senders have to send as `Authorization: Bearer …`.
   * @default none is required
   */
  bearerToken: option(secret, { file: 'MATOMO_GATEWAY_BEARER_TOKEN_FILE' }),
  /**
   * Maximum size of a request body in bytes, both as sent and decompressed.
   * @default `4194304` (4 MiB)
   */
  maxBodyBytes: option(integer(1024, 64 * 1024 ** 2), { default: 4 * 1024 ** 2 }),
});

/** Options of the receiver after parsing, with defaults. */
export type ResolvedReceiver = ResolvedValues<typeof RECEIVER_OPTIONS>;

/**
 * Resolves the receiver's options, and separates the other options.
 *
 * @throws TypeError naming the option or variable and the value, if one is invalid
 */
export function resolveReceiver(
  options: GatewayOptions,
  env: Environment,
): { receiver: ResolvedReceiver; matomo: MatomoOptions } {
  checkIsObject(options, Object.keys({ ...RECEIVER_OPTIONS, ...OPTIONS }));
  const matomo: Record<string, unknown> = { ...options };
  const receiver: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries<OptionDeclaration<unknown>>(RECEIVER_OPTIONS)) {
    const inCode = matomo[name];
    delete matomo[name];
    const value =
      inCode === undefined ? readVariables(declaration, env) : declaration.parse(name, inCode);
    receiver[name] = value ?? declaration.default;
  }
  return { receiver: receiver as ResolvedReceiver, matomo };
}
