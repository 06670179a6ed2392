import { resolveOptions } from '../../src/options/resolve-options.js';
import { collectDiagnostics } from './diagnostics.js';

/** The options of an application with this environment, which may leave out URL and site, and the lines about them. */
export function optionsFrom(
  env: Readonly<Record<string, string>>,
  inCode: Parameters<typeof resolveOptions>[0] = {},
) {
  const { diagnostics, logged } = collectDiagnostics();
  const required = { MATOMO_URL: 'https://matomo.test', MATOMO_SITE_ID: '1' };
  return { options: resolveOptions(inCode, { ...required, ...env }, diagnostics), logged };
}
