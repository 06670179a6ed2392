import type { Inspector } from '../../src/inspector/index.js';
import { type ChildOptions, type Server, startServer } from './child-process.js';
import { startMatomo } from './matomo.js';

/** What goes before the file of an application that knows OpenTelemetry by the preload only. */
export const REGISTER = ['--require', 'opentelemetry-matomo/register'];
/** OpenTelemetry's own preload, which goes before `REGISTER` or behind it. */
export const AUTO = ['--require', '@opentelemetry/auto-instrumentations-node/register'];
/** With this environment, `AUTO` exports nothing but traces. */
export const ONLY_TRACES = { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };
export const APPS = 'test/support/apps';
/** Goes before `REGISTER` for an application that traces its requests. */
export const TRACED = ['--require', `./${APPS}/traced.cjs`];

/** A Matomo, and the environment that leads an application to it. */
export async function matomo(): Promise<{ inspector: Inspector; env: Record<string, string> }> {
  const inspector = await startMatomo({ customVariables: true });
  return { inspector, env: { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' } };
}

/** An application whose hits go to a Matomo of its own. */
export async function startTracked(
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
  options: Omit<ChildOptions, 'env'> = {},
): Promise<{ inspector: Inspector; app: Server }> {
  const { inspector, env } = await matomo();
  return { inspector, app: await startServer(args, { ...options, env: { ...env, ...more } }) };
}

/** The same of a file in `APPS` that knows this package by `register` only. */
export function startRegistered(file: string, more: Readonly<Record<string, string>> = {}) {
  return startTracked([...REGISTER, `${APPS}/${file}`], more);
}

export const titles = (inspector: Inspector) =>
  inspector.hits().map(({ params }) => params.action_name);

export async function get(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}
