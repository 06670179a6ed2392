import { expect, test } from 'vitest';
import { isSdkDisabled } from '../../src/common/otel-global.js';

test.each([
  [{}, false],
  [{ OTEL_SDK_DISABLED: 'true' }, true],
  [{ OTEL_SDK_DISABLED: ' TRUE ' }, true],
  [{ OTEL_SDK_DISABLED: '1' }, false],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_CONFIG_FILE: ' ' }, true],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_CONFIG_FILE: 'otel.yaml' }, false],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPERIMENTAL_CONFIG_FILE: 'otel.yaml' }, false],
  [{ OTEL_CONFIG_FILE: 'otel.yaml' }, false],
])('%o: OpenTelemetry is turned off: %s', (env, expected) => {
  expect(isSdkDisabled(env)).toBe(expected);
});
