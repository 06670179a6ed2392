import { onTestFinished } from 'vitest';
import {
  type Inspector,
  type InspectorOptions,
  startInspector,
} from '../../src/inspector/index.js';

/** An inspector, until the end of the test. */
export async function startMatomo(options: InspectorOptions = {}): Promise<Inspector> {
  const inspector = await startInspector(options);
  onTestFinished(() => inspector.close());
  return inspector;
}
