import { parametersWith } from '../parameters/parameter-table.js';
import { holdsSecret } from './query-policy.js';
import { createToReferrer, type ReferrerOptions } from './referrer.js';

const URLS: ReadonlySet<string> = /* @__PURE__ */ parametersWith(
  ({ kind }) => kind === 'url' || kind === 'referrer',
);

type Parameters = Readonly<Record<string, unknown>>;

/** Redacts the URLs among parameters that the application sets. */
export type RedactUrls = (parameters: Parameters) => Parameters;

/** Everything but secrets stays, with `query: 'keep'` these too. A fragment that contains a secret is removed. */
export function createRedactUrls({
  query,
  redactPathPatterns,
}: Pick<ReferrerOptions, 'query' | 'redactPathPatterns'>): RedactUrls {
  const redactPage = createToReferrer({
    query: 'keep',
    referrers: 'full',
    urlPaths: 'full',
    redactPathPatterns,
  });
  if (query === 'keep') return (parameters) => parameters;

  function redactUrl(url: string): string {
    const start = url.indexOf('#');
    const fragment = start < 0 ? '' : url.slice(start);
    return `${redactPage(url.trim())}${holdsSecret(fragment.slice(1)) ? '' : fragment}`;
  }

  return function redactUrls(parameters) {
    let redacted = parameters;
    for (const name of URLS) {
      const url = parameters[name];
      if (typeof url === 'string') redacted = { ...redacted, [name]: redactUrl(url) };
    }
    return redacted;
  };
}
