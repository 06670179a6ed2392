import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../fixtures/otlp/', import.meta.url);

/** A span below a request. */
export interface ExpectedSpan {
  readonly duration_ms: number;
  readonly matomo?: Readonly<Record<string, unknown>>;
  readonly children?: readonly ExpectedSpan[];
}

type Asked = 'path' | 'query' | 'query_in_span' | 'route' | 'host';
type Sent = 'user_agent' | 'referer' | 'accept_language';

/** A request as a person reads it in the spans of a recording. */
export interface ExpectedRequest extends ExpectedSpan, Partial<Record<Asked | Sent, string>> {
  readonly name: string;
  readonly method: string;
  readonly status?: number;
  readonly start_unix_ns: string;
  readonly server_span_missing?: boolean;
}

/** What a receiver got of one setup. */
export interface OtlpRecording {
  readonly requests: readonly {
    readonly headers: Readonly<Record<string, string>>;
    readonly body_base64: string;
  }[];
  readonly expected: readonly ExpectedRequest[];
}

/** Names of all recordings. */
export const OTLP_RECORDINGS: string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace(/\.json$/, ''));

export function otlpRecording(name: string): OtlpRecording {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
}

/** The headers of a recorded request that say how its body is to be read. */
export function bodyHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => /^content-(?:type|encoding)$/.test(name)),
  );
}
