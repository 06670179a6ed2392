import { findAiChatbot } from '../hit/bots/bots.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import type { InspectedHit, Verdict } from './inspected-hit.js';
import type { ResolvedInspector } from './inspector-options.js';
import { type Parameters, parseJson, type TrackerRequest } from './read-request.js';
import { findActionType, toStoredAction } from './stored-action.js';

/** The judgment of a hit. For requests of an AI chatbot, the visitor is the chatbot. */
type Judgement = Omit<InspectedHit, 'received' | 'params' | 'status' | 'millis'>;

const LOCATION = ['country', 'region', 'city', 'lat', 'long'];
const MAX_AGE_WITHOUT_TOKEN_MILLIS = 86_400_000;
const VISITOR_ID_BYTES = 16;

/** User agents that Matomo treats as bots: a selection of those that servers and their clients send. */
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

/** Parameters of page performance. */
const TIMINGS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'];

const NEGATIVE = /^-(?:[2-9]|1\d)\d*$/;

/** A chatbot that Matomo reports under the name of another one. */
const RENAMED_CHATBOT = 'Google-GeminiNotebook';

/**
 * Creates the function that judges hits. It implements the rules of Matomo's tracker that affect hits of this package, as recorded with Matomo. It
 * does not judge values that no hit of this package has.
 */
export function createJudge({ sites, dimensions, customVariables }: ResolvedInspector) {
  return function judgeHit(
    params: Parameters,
    { token, userAgent }: TrackerRequest,
    nowMillis: number,
  ): Judgement {
    const { recMode, uid, cid } = params;
    const ua = params.ua || userAgent;
    const found = findAiChatbot(ua);
    const chatbot = found === RENAMED_CHATBOT ? 'Google-NotebookLM' : found;
    const isBot = chatbot !== undefined || BOTS.some((bot) => bot.test(ua));
    const isForBots = isBot && (recMode === '1' || recMode === '2');
    const isVisit = !recMode || recMode === '0' || (recMode === '2' && !isBot);
    const siteId = toSiteId(params.idsite);
    const site = siteId === undefined ? undefined : sites?.get(siteId);
    const time = timeOf(params, nowMillis);

    if (Object.keys(params).length === 0) return without('dropped', 'a hit without parameters');
    if (!isVisit && !isForBots)
      return without('dropped', 'recMode: only for bots, and ua is not a bot');
    if (siteId === undefined || (sites !== undefined && site === undefined))
      return without('invalid', 'idsite: there is no such site');
    const needsToken =
      [...(isVisit ? ['cip'] : []), ...LOCATION].find((name) => params[name]) ??
      (nowMillis - time >= MAX_AGE_WITHOUT_TOKEN_MILLIS ? 'cdt' : undefined);
    if (needsToken !== undefined && !token && !params.token_auth)
      return without('invalid', `${needsToken}: needs a token with write access`);
    if (isForBots) {
      if (chatbot === undefined)
        return without('dropped', 'ua: not an AI chatbot that Matomo reports');
      const type = params.download ? 'download' : 'page';
      const stored = toStoredAction({ ...params, action_name: '' }, type, time);
      return { verdict: 'ai_chatbot', visitor: chatbot, stored };
    }
    if (!Number(params.rec)) return without('dropped', 'rec: not 1');
    if (isBot && !Number(params.bots))
      return without('dropped', 'ua: a bot, and bots=1 is not set');
    if (cid && !uid && Buffer.byteLength(cid) !== VISITOR_ID_BYTES)
      return without('invalid', 'cid: not 16 bytes');
    if (Number(params.ping) === 1) return without('tracked', 'a ping');
    const type = findActionType(params);
    if (type === undefined) return without('invalid', 'e_c, e_a or c_n: blank');
    const negative = TIMINGS.find((name) => NEGATIVE.test(params[name] ?? ''));
    if (type === 'page' && negative !== undefined)
      return without('invalid', `${negative}: below -1`);
    const dropped = findDropped(params, site?.dimensions ?? dimensions, customVariables);
    return {
      verdict: 'tracked',
      stored: toStoredAction(params, type, time),
      ...(Object.keys(dropped).length > 0 && { droppedParameters: dropped }),
    };
  };
}

function without(verdict: Verdict, reason: string): Judgement {
  return { verdict, reason, stored: null };
}

/** The time of a hit. A time that is not a number of seconds, or in the future, counts as now. */
function timeOf({ cdt = '' }: Parameters, nowMillis: number): number {
  const millis = /^\d+$/.test(cdt) ? Number(cdt) * 1000 : nowMillis;
  return Math.min(millis, nowMillis);
}

/** Finds dimensions and custom variables of an action that Matomo drops, with the reasons, by parameter. */
function findDropped(
  params: Parameters,
  dimensions: readonly number[],
  customVariables: boolean,
): Record<string, string> {
  const dropped: Record<string, string> = {};
  if (params.idgoal !== undefined) return dropped;
  for (const name of Object.keys(params)) {
    const [, id] = /^dimension([1-9]\d*)$/.exec(name) ?? [];
    if (id !== undefined && !dimensions.includes(Number(id)))
      dropped[name] = `site ${params.idsite} has no such dimension`;
  }
  if (params.cvar && !customVariables) dropped.cvar = 'the plugin CustomVariables is not active';
  return dropped;
}

/** Reads status, duration and visitor from a hit, whether Matomo stores it or not. */
export function describeRequest(
  params: Parameters,
): Pick<InspectedHit, 'visitor' | 'status' | 'millis'> {
  const { uid, cid, _id, cip, cvar = '', http_status, dimension2 } = params;
  const visitor = uid || cid || _id || cip;
  const pairs = Object.values(parseJson(cvar)).filter((pair) => Array.isArray(pair));
  const [, ofVariable] = pairs.find(([name]) => name === 'http_status_code') ?? [];
  const status = Number(ofVariable ?? http_status ?? dimension2);
  const timings = TIMINGS.map((name) => params[name] ?? '').filter((text) => /^\d+$/.test(text));
  return {
    ...(visitor && { visitor }),
    ...(status >= 100 && status < 1000 && { status }),
    ...(timings.length > 0 && { millis: timings.reduce((sum, text) => sum + Number(text), 0) }),
  };
}
