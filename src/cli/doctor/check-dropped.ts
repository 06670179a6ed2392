import type { ResolvedOptions } from '../../options/option-table.js';
import { type MatomoSite, SPAM_PREVENTION } from '../matomo-site.js';
import { type Finding, ok, problem, unknown, warning } from './checks.js';
import { isProcessed, type Questions } from './questions.js';

/** Checks whether Matomo drops requests by AI chatbots. Only Matomo 5.7 and later records them, with a plugin. */
export function checkBotTracking(
  { aiChatbots, pageViews }: Pick<ResolvedOptions, 'aiChatbots' | 'pageViews'>,
  settings: Pick<MatomoSite, 'version' | 'plugins'> | undefined,
): Finding[] {
  const { version, plugins } = settings ?? {};
  const isOld = version === undefined || version.localeCompare('5.7', 'en', { numeric: true }) < 0;
  if (aiChatbots === 'off' || isOld || plugins?.BotTracking !== false) return [];
  const found =
    'the plugin BotTracking is not active: Matomo drops requests by AI chatbots and counts them as tracked';
  const advice =
    'Activate it in Administration > Plugins, or set MATOMO_AI_CHATBOTS=off, which makes them page views.';
  // If page views are off, only requests by AI chatbots are sent.
  return [(pageViews ? warning : problem)('dropped', 'silently-dropped', found, advice)];
}

interface TestHit {
  readonly what: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Lines in Matomo's configuration that make Matomo keep the hit. */
  readonly settings: readonly string[];
}

const CLOUD_MODE = 'cloud_blocking_mode = "off"';

const CLIENTS: readonly TestHit[] = [
  {
    what: 'headless browsers',
    parameters: { ua: 'Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0.0.0 Safari/537.36' },
    settings: ['block_headless = 0'],
  },
  {
    what: 'client libraries',
    parameters: { ua: 'python-requests/2.32.3' },
    settings: ['blockServerSideLibraries = 0'],
  },
];

/** Addresses of two clouds whose lists Matomo downloads, and of a hoster that Matomo finds by GeoIP. */
const CLOUDS: readonly TestHit[] = [
  { what: 'AWS', parameters: { cip: '52.94.76.1' }, settings: ['block_clouds = 0', CLOUD_MODE] },
  { what: 'Azure', parameters: { cip: '13.64.0.1' }, settings: ['block_clouds = 0', CLOUD_MODE] },
  { what: 'hosters', parameters: { cip: '5.9.0.1' }, settings: [CLOUD_MODE] },
];

/**
 * Checks whether Matomo drops hits of clouds and client libraries. The hits
 * store nothing. They are sent in one bulk, then one by one if needed.
 */
export async function checkSpam(
  questions: Questions,
  { pageViews, tokenAuth }: ResolvedOptions,
  settings: MatomoSite | undefined,
): Promise<Finding[]> {
  // Matomo does not filter requests by AI chatbots.
  if (!pageViews || settings?.plugins[SPAM_PREVENTION] === false) return [];
  const hits = tokenAuth === undefined ? CLIENTS : [...CLOUDS, ...CLIENTS];
  const ask = (some: readonly TestHit[]) =>
    questions.areDropped(some.map(({ parameters }) => ({ bots: '1', ...parameters })));
  const { verdict } = await ask(hits);
  if (verdict.kind !== 'processed') {
    const found = 'cannot tell whether Matomo drops hits of clouds and client libraries';
    return [unknown('dropped', found, `Check its plugin ${SPAM_PREVENTION}.`)];
  }
  const dropped: TestHit[] = [];
  for (const hit of verdict.tracked > 0 ? hits : [])
    if (isProcessed(await ask([hit]), 'tracked')) dropped.push(hit);
  const all = `${tokenAuth === undefined ? '' : 'clouds, '}headless browsers and client libraries`;
  if (dropped.length === 0) return [ok('dropped', `Matomo keeps hits of ${all}`)];
  const names = dropped.map(({ what }) => what).join(', ');
  const found = `Matomo drops hits of ${names} and counts them as tracked, as its plugin ${SPAM_PREVENTION} does`;
  const lines = new Set(dropped.flatMap((hit) => hit.settings));
  const advice = `If you want these hits, set ${[...lines].join(', ')} in the section [${SPAM_PREVENTION}] of Matomo's config.ini.php. Clouds stay blocked until its next daily task.`;
  return [warning('dropped', 'silently-dropped', found, advice)];
}
