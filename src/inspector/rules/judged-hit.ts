import type { IncomingHttpHeaders } from 'node:http';
import { createIsInRanges } from '../../hit/visitor/addresses.js';
import type { InspectedHit, StoredAction } from '../inspected-hit.js';
import type { Site } from '../sites.js';
import { withoutNull } from './cell.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './tracker-memory.js';

/** A hit of a site, as the rules see it. */
export interface JudgedHit {
  readonly parameters: Parameters;
  /** Headers of the request. */
  readonly headers: IncomingHttpHeaders;
  /** Address of the visitor: `cip`, or that of the sender. */
  readonly address: string;
  /** `ua`, or the user agent of the sender. */
  readonly userAgent: string;
  /** The URL of the page as it was sent. Without `url` and `urlref`, Matomo uses the Referer header of the request. */
  readonly pageUrl: string;
  readonly siteId: number;
  readonly site: Site;
  /** Epoch seconds. */
  readonly time: number;
  readonly rows: RowTransaction;
}

/** Whether an address is in a range of Matomo. An IPv4 address in the form of IPv6 (`::ffff:52.94.1.7`) is in none. */
export function createIsIn(ranges: readonly string[]): (address: string) => boolean {
  const isIn = createIsInRanges(ranges);
  return (address) => !/^::ffff:/i.test(address) && isIn(address);
}

/** Networks of measured addresses whose hits were dropped, as Google announces them. */
const GOOGLE: readonly string[] = `64.18.0.0/20 66.249.80.0/20 72.14.192.0/18 74.125.0.0/16
  173.194.0.0/16 209.85.128.0/17 216.239.32.0/19`.split(/\s+/);

/** The same of Microsoft, and one address of a scraper. */
const OTHER_BOTS: readonly string[] = `65.52.0.0/14 157.54.0.0/15 157.56.0.0/14 157.60.0.0/16
  207.46.0.0/16 1.202.218.8`.split(/\s+/);

export const isGoogleAddress: (address: string) => boolean = createIsIn(GOOGLE);

/** Whether Matomo expects only bots at an address. */
export const isBotAddress: (address: string) => boolean = createIsIn([...GOOGLE, ...OTHER_BOTS]);

/** User agents that Matomo treats as bots: a short list of those that servers and their clients send. */
const BOTS: readonly RegExp[] = [
  /^node(?:\.js)?$/i,
  /(?<!cu)bot(?:\b|_)|crawl|spider|slurp|OTel-OTLP-Exporter/i,
  /ChatGPT-User|MistralAI-User|Gemini-Deep-Research|Claude-User|Perplexity-User|DuckAssistBot/i,
  /Google-(?:NotebookLM|GeminiNotebook)|Devin\/|meta-externalfetcher|Amzn-User/i,
  /(?:indexer|proxy|research|monitor|fetcher|checker|scraper|archiver|scanner|validator|analyzer|probe)(?:\/|$)/i,
  /^(?:kube-probe|ELB-HealthChecker|Prometheus|WordPress|HAProxy|k6|ApacheBench|check_http)/i,
  /^(?:Datadog|Feedly|StatusCake|Site24x7|UptimeRobot|GoogleStackdriverMonitoring|Blackbox)/i,
  /^Amazon-Route53-Health-Check-Service/i,
  /^(?:sentry|typescript|uptime)(?:\/|$)/i,
  /validation server|W3C_Validator/,
  /^Mozilla\/5\.0 \(compatible\)$/,
];

/** Whether Matomo drops the hits of a user agent unless `bots=1` is set. */
export function isKnownBot(userAgent: string): boolean {
  return BOTS.some((bot) => bot.test(userAgent));
}

/** The result of the tracker's rules for one hit. */
export interface HitOutcome extends Omit<InspectedHit, 'received' | 'params' | 'status'> {
  /** Whether the visit is stored, although the hit is invalid. */
  readonly keepsVisit?: boolean;
  /** Whether PHP itself fails, so that Matomo answers 500 with an empty body. */
  readonly fatal?: boolean;
}

export function dropped(reason: string): HitOutcome {
  return { verdict: 'dropped', reason, stored: null };
}

export function invalid(reason: string): HitOutcome {
  return { verdict: 'invalid', reason, stored: null };
}

export function refused(reason: string): HitOutcome {
  return { verdict: 'refused', reason, stored: null };
}

/** A processed hit; `reason` says why nothing is stored. */
export function tracked(stored: StoredAction | null, reason?: string): HitOutcome {
  return withoutNull<HitOutcome>({ verdict: 'tracked', stored, reason });
}
