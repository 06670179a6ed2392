export type { OptionError } from '../options/option.js';
export { formatHits } from './format-hits.js';
export type { InspectedHit, StoredAction, Verdict } from './inspected-hit.js';
export type {
  InspectorOptions,
  InspectorSite,
  PlayedAnswer,
  WaitOptions,
} from './inspector-options.js';
export { type Inspector, startInspector } from './server/start-inspector.js';
