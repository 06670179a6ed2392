import { AI_CHATBOTS, createFindReported, type MatomoVersion } from '../../hit/bots/bots.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { SPAM_PREVENTION, type SpamSetting, toConfigLines } from '../spam-prevention.js';
import { type Finding, ONLY_API, ok, problem, unknown, warning } from './checks.js';
import { isProcessed, type Questions, type SiteSettings } from './questions.js';

/** Whether Matomo reports requests by AI chatbots. The tracker cannot be asked: it counts dropped hits as tracked. */
export function checkAiChatbots(
  { aiChatbots, pageViews }: Options,
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
  return [checkNames(version, rulesOf(major, minor))];
}

type Options = Pick<ResolvedOptions, 'aiChatbots' | 'pageViews'>;

/** `undefined` for versions that are newer than those whose names are known here. */
function rulesOf(major: number, minor: number): MatomoVersion | undefined {
  if (major > 5 || minor > 12) return undefined;
  return minor === 12 ? '5.12' : minor === 7 ? '5.7' : '5.8';
}

function checkNames(version: string, rules: MatomoVersion | undefined): Finding {
  const findName = createFindReported(rules ?? 'newest');
  const others = AI_CHATBOTS.filter((name) => findName(name) === undefined);
  if (others.length === 0) return ok('chatbots', `Matomo ${version} reports all AI chatbots`);
  const found = `Matomo ${version} silently drops requests by ${others.join(', ')}: it does not know ${others.length === 1 ? 'this name' : 'these names'}`;
  const advice = 'Update Matomo; until then these chatbots are in no report.';
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

interface TestHit {
  readonly what: string;
  /** Parameters of a hit that the plugin may drop. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Settings with which it keeps the hit. */
  readonly settings: readonly SpamSetting[];
}

const CLIENTS: readonly TestHit[] = [
  {
    what: 'headless browsers',
    parameters: {
      ua: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36',
    },
    settings: ['block_headless'],
  },
  {
    what: 'client libraries',
    parameters: { ua: 'python-requests/2.32.3' },
    settings: ['blockServerSideLibraries'],
  },
];

/** An address of each cloud whose list Matomo downloads, and one of a hoster, which Matomo finds by GeoIP. */
const CLOUDS: readonly TestHit[] = [
  ...Object.entries({
    AWS: '52.94.76.1',
    Azure: '13.64.0.1',
    DigitalOcean: '138.68.32.1',
    'Google Cloud': '34.64.32.1',
    Oracle: '129.146.0.1',
  }).map(([what, cip]): TestHit => {
    return { what, parameters: { cip }, settings: ['block_clouds', 'cloud_blocking_mode'] };
  }),
  { what: 'Hetzner', parameters: { cip: '5.9.0.1' }, settings: ['cloud_blocking_mode'] },
];

/**
 * Whether the plugin TrackingSpamPrevention drops hits of clouds, headless browsers and client libraries. The
 * hits store nothing. They go into one bulk first, which suffices if Matomo drops none.
 */
export async function checkSpam(
  questions: Questions,
  { pageViews, tokenAuth }: ResolvedOptions,
  settings: SiteSettings | undefined,
): Promise<Finding[]> {
  const isActive = settings?.hasSpamPrevention;
  // Requests by AI chatbots are not filtered.
  if (!pageViews || isActive === false) return [];
  const hits = tokenAuth === undefined ? CLIENTS : [...CLOUDS, ...CLIENTS];
  const ask = (some: readonly TestHit[]) =>
    questions.areDropped(some.map(({ parameters }) => ({ bots: '1', ...parameters })));
  const { verdict } = await ask(hits);
  if (verdict.kind !== 'processed') {
    const found = 'cannot tell whether Matomo drops hits of clouds and headless browsers';
    const advice = `Check the plugin ${SPAM_PREVENTION} in Administration > Plugins.`;
    return [unknown('spam', found, advice)];
  }
  const dropped: TestHit[] = [];
  for (const hit of verdict.tracked > 0 ? hits : []) {
    if (isProcessed(await ask([hit]), 'tracked')) dropped.push(hit);
  }
  if (dropped.length === 0) {
    const kept = `Matomo drops no hits of ${tokenAuth === undefined ? '' : 'clouds, '}headless browsers and client libraries`;
    const active = `, although its plugin ${SPAM_PREVENTION} is active, which updates its list of clouds daily`;
    return [ok('spam', isActive ? kept + active : kept)];
  }
  const names = dropped.map(({ what }) => what).join(', ');
  const cause = `${isActive ? 'its' : 'probably its'} plugin ${SPAM_PREVENTION} does`;
  const found = `Matomo silently drops hits of ${names} and counts them as tracked: ${cause}`;
  const settingsToChange = [...new Set(dropped.flatMap((hit) => hit.settings))];
  const [section, ...lines] = toConfigLines(settingsToChange);
  const later = settingsToChange.includes('block_clouds')
    ? " Addresses of clouds stay blocked until Matomo's next daily task."
    : '';
  const advice = `If you want these hits, set ${lines.join(', ')} in the section ${section} of Matomo's config.ini.php.${later}`;
  return [warning('spam', 'spam-prevention', found, advice)];
}
