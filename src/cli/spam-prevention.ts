/** Matomo's plugin that drops hits of clouds and of headless browsers. */
export const SPAM_PREVENTION = 'TrackingSpamPrevention';

/** A setting of the plugin, as its configuration file has it. */
export type SpamSetting = keyof typeof KEEPING;

/** The values with which the plugin keeps hits. */
const KEEPING = {
  block_clouds: '0',
  cloud_blocking_mode: '"off"',
  block_headless: '0',
  blockServerSideLibraries: '0',
} as const;

/** The lines of `config.ini.php` with which the plugin keeps hits. */
export function toConfigLines(settings: readonly SpamSetting[]): string[] {
  return [`[${SPAM_PREVENTION}]`, ...settings.map((name) => `${name} = ${KEEPING[name]}`)];
}
