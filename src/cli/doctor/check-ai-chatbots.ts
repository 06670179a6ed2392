import { AI_CHATBOTS } from '../../hit/bots/ai-chatbots.js';
import { createFindReported, type MatomoVersion } from '../../hit/bots/reported-chatbots.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { type Finding, ONLY_API, ok, problem, unknown, warning } from './checks.js';
import type { SiteSettings } from './questions.js';

const NAMES_PAGE =
  'See "Names" in docs/which-ai-chatbots-read-my-site.md, and set MATOMO_AI_CHATBOT_USER_AGENTS.';

/** Whether Matomo reports requests by AI chatbots. The tracker cannot be asked: it counts dropped hits as tracked. */
export function checkAiChatbots(
  { aiChatbots, aiChatbotUserAgents, pageViews }: Options,
  settings: Pick<SiteSettings, 'version' | 'hasBotTracking'> | undefined,
): Finding[] {
  if (aiChatbots === 'off') return [];
  const { version = '', hasBotTracking } = settings ?? {};
  const release = /^(\d{1,4})\.(\d{1,4})\b/.exec(version);
  if (release === null) return [unclear("Matomo's version")];
  const [major, minor] = [Number(release[1]), Number(release[2])];
  if (major < 5 || (major === 5 && minor < 7)) {
    const found = `Matomo ${version} has no reports on AI chatbots: 5.7 and later record them`;
    return [
      notReported(pageViews, found, 'Update Matomo.', 'Until then their requests are visits.'),
    ];
  }
  if (hasBotTracking === undefined) return [unclear('whether the plugin BotTracking is active')];
  if (!hasBotTracking) {
    const found =
      'the plugin BotTracking is not active: Matomo silently drops requests by AI chatbots';
    const activate = 'Activate it in Administration > Plugins; Matomo includes it.';
    return [notReported(pageViews, found, activate, 'Or set MATOMO_AI_CHATBOTS=off.')];
  }
  return [checkNames(aiChatbotUserAgents, version, rulesOf(major, minor))];
}

type Options = Pick<ResolvedOptions, 'aiChatbots' | 'aiChatbotUserAgents' | 'pageViews'>;

/** `undefined` for versions that are newer than those whose names are known here. */
function rulesOf(major: number, minor: number): MatomoVersion | undefined {
  if (major > 5 || minor > 12) return undefined;
  return minor === 12 ? '5.12' : minor === 7 ? '5.7' : '5.8';
}

function checkNames(
  names: readonly string[],
  version: string,
  rules: MatomoVersion | undefined,
): Finding {
  const findName = createFindReported(rules ?? '5.12');
  const others = names.filter((name) => findName(name) === undefined);
  if (others.length === 0) {
    return ok('chatbots', `Matomo ${version} reports requests by all ${names.length} AI chatbots`);
  }
  const list = others.join(', ');
  if (rules === undefined) {
    return unknown('chatbots', `cannot tell whether Matomo ${version} knows ${list}`, NAMES_PAGE);
  }
  const found = `Matomo ${version} silently drops requests by ${list}: it does not know ${others.length === 1 ? 'this name' : 'these names'}`;
  const isOurs = others.every((name) => AI_CHATBOTS.includes(name));
  const advice = isOurs ? 'Update Matomo; until then these chatbots are in no report.' : NAMES_PAGE;
  return warning('chatbots', 'chatbots-not-reported', found, advice);
}

/** A problem if nothing else is sent. `otherwise`: what to do or to know if page views are sent too. */
function notReported(pageViews: boolean, found: string, fix: string, otherwise: string): Finding {
  if (pageViews) return warning('chatbots', 'chatbots-not-reported', found, `${fix} ${otherwise}`);
  const effect = `${found}, and with MATOMO_PAGE_VIEWS=false nothing else is sent`;
  return problem('chatbots', 'chatbots-not-reported', effect, fix);
}

function unclear(what: string): Finding {
  const found = `cannot tell ${what}, and so whether it reports AI chatbots: ${ONLY_API}`;
  const advice = 'Check Administration > Plugins: Matomo 5.7 and later list BotTracking there.';
  return unknown('chatbots', found, advice);
}
