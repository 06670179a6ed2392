/** What tests need that a platform lacks, by the names in `test/support/skips.ts`. */
const LACKING = {
  signals: ['Windows', 'signals that a process can handle: nothing is flushed when one is sent'],
  redis: ['Windows', '`redis-server`'],
  'file modes': ['Windows', 'file modes for group and others'],
  'Unix sockets': ['Windows', 'Unix sockets'],
  'moving open files': ['Windows', 'moving a folder with open files'],
  prlimit: ['Windows, macOS', '`prlimit`, which limits how far files grow'],
  terminal: ['Windows, macOS', '`script`, which makes terminals'],
  '/proc': ['Windows, macOS', '`/proc`, which tells what a process has open'],
  'file owners': ['Windows', 'owners of files as Unix has them'],
  unshare: ['Windows, macOS', '`unshare`, which makes a process the first of a container'],
  'many loopback addresses': ['macOS', 'loopback addresses other than 127.0.0.1'],
};

const HEADING = '## Windows and macOS';
const TEXT = [
  'Continuous integration runs `npm test` on Linux, macOS, and Windows, and everything else on Linux only. These tests are',
  'skipped elsewhere; the run names each of them with the reason.',
].join(' ');

/** The section about what is not tested on each platform, of `{ file, needs }` for every test. */
export function renderPlatforms(tests) {
  const rows = Object.entries(LACKING).map(([need, [platform, reason]]) => {
    const files = tests
      .filter(({ needs }) => needs.includes(need))
      .map(({ file }) => `\`${file}\``);
    return `| ${platform} | ${reason} | ${[...new Set(files)].sort((a, b) => a.localeCompare(b)).join(', ')} |`;
  });
  return [
    HEADING,
    TEXT,
    ['| platform | lacks | tests in |', '| --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

/** The section as it stands in a page. */
export function platformsOf(page) {
  const start = page.indexOf(HEADING);
  if (start < 0) return HEADING;
  const end = page.indexOf('\n\n## ', start);
  return page.slice(start, end < 0 ? undefined : end).trimEnd();
}
