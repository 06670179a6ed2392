import type { ResolvedOptions } from '../../options/option-table.js';
import { SPAM_PREVENTION, type SpamSetting, toConfigLines } from '../matomo-api/api-values.js';
import { type Finding, ok, unknown, warning } from './checks.js';
import { isProcessed, type Questions, type SiteSettings } from './questions.js';

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
  { pageViews }: Pick<ResolvedOptions, 'pageViews'>,
  withToken: boolean,
  settings: Pick<SiteSettings, 'hasSpamPrevention'> | undefined,
): Promise<Finding[]> {
  const isActive = settings?.hasSpamPrevention;
  // Requests by AI chatbots are not filtered.
  if (!pageViews || isActive === false) return [];
  const hits = withToken ? [...CLOUDS, ...CLIENTS] : CLIENTS;
  const ask = (some: readonly TestHit[]) =>
    questions.areDropped(
      some.map(({ parameters }) => ({ bots: '1', ...parameters })),
      withToken,
    );
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
    const kept = `Matomo drops no hits of ${withToken ? 'clouds, ' : ''}headless browsers and client libraries`;
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
