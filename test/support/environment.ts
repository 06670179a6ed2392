import { onTestFinished, vi } from 'vitest';

/** Sets variables of this process until the end of the test. */
export function setEnvironment(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}
