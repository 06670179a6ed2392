export type { MatomoVersion } from '../hit/bots/bots.js';
export type { OptionError } from '../options/parser.js';
export { formatHits } from './format-hits.js';
export type {
  ActionType,
  AiRequest,
  Conversion,
  ConversionItem,
  InspectedHit,
  Referrer,
  StoredAction,
  Verdict,
} from './inspected-hit.js';
export type {
  InspectorOptions,
  InspectorSite,
  TokenAccess,
  TokenRole,
} from './inspector-options.js';
export type { SpamPrevention } from './rules/spam-prevention.js';
export type { WaitOptions } from './server/hit-log.js';
export type { PlayedAnswer } from './server/played-answer.js';
export { type Inspector, startInspector } from './server/start-inspector.js';
