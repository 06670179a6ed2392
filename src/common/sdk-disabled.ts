/**
 * Whether OpenTelemetry's variable turns everything off. Its specification says that variables have no effect if there is a
 * configuration file. `disabled` in that file is not read.
 */
export function isSdkDisabled(env: NodeJS.ProcessEnv): boolean {
  const files = [env.OTEL_CONFIG_FILE, env.OTEL_EXPERIMENTAL_CONFIG_FILE]; // the second one in older SDKs
  if (files.some((file) => file?.trim())) return false;
  return env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}
