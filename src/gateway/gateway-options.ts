import type { MatomoOptions } from '../options.js';

// `npm run configuration` writes the properties, from the declarations in src/gateway/receiver-options.ts.
/** Options of the receiver. Each has an environment variable; code wins, and an invalid value throws in both cases. */
export interface ReceiverOptions {
  /**
   * Address and port to listen on.
   * Environment: `MATOMO_GATEWAY_LISTEN`.
   * @default `127.0.0.1:4318`
   */
  readonly listen?: string | undefined;
  /**
   * How long a request waits for the spans below it after its SERVER span has arrived, in milliseconds. If they arrive later, use more
   * than the longest export interval of the SDKs.
   * Environment: `MATOMO_GATEWAY_GRACE`.
   * @default `2000`
   */
  readonly graceMillis?: number | undefined;
  /**
   * Token that senders have to send as `Authorization: Bearer …`, as with `OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…`.
   * Environment: `MATOMO_GATEWAY_BEARER_TOKEN`, `MATOMO_GATEWAY_BEARER_TOKEN_FILE`.
   * @default none is required
   */
  readonly bearerToken?: string | undefined;
  /**
   * Certificate chain and key: PEM text in code, files in the environment.
   * Environment: `MATOMO_GATEWAY_TLS_CERT_FILE`, `MATOMO_GATEWAY_TLS_KEY_FILE`.
   * @default plain HTTP
   */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /**
   * Maximum size of a request body in bytes, both as sent and decompressed.
   * Environment: `MATOMO_GATEWAY_MAX_BODY_BYTES`.
   * @default `4194304` (4 MiB)
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Services whose spans are used, by `service.name`: whole names or regular expressions. It also applies to a replay.
   * Environment: `MATOMO_GATEWAY_SERVICES`.
   * @default all
   */
  readonly services?: readonly (string | RegExp)[] | undefined;
  /**
   * Instrumentation scopes whose SERVER spans are requests: whole names or regular expressions. It also applies to a replay.
   * Environment: `MATOMO_GATEWAY_SCOPES`.
   * @default all
   */
  readonly scopes?: readonly (string | RegExp)[] | undefined;
}

/** Options of a gateway: those of the receiver, and all options of the span processor. */
export interface GatewayOptions extends MatomoOptions, ReceiverOptions {}
