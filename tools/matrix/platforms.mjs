/** What tests need that a platform lacks, by the names in `test/support/skips.ts`. */
const LACKING = {
  signals: [
    'Windows',
    'signals that a process can handle; when a process gets one, nothing is flushed',
  ],
  redis: ['Windows', '`redis-server`'],
  'file modes': ['Windows', 'file modes for group and others'],
  'Unix sockets': ['Windows', 'Unix sockets'],
  'moving open files': ['Windows', 'moving a folder with open files'],
  prlimit: ['Windows, macOS', '`prlimit`, which limits the size of files'],
  terminal: ['Windows, macOS', '`script`, which creates a terminal'],
  '/proc': ['Windows, macOS', '`/proc`, which lists the open files of a process'],
  'file owners': ['Windows', 'Unix file owners'],
  unshare: ['Windows, macOS', '`unshare`, which starts a process as PID 1'],
  'many loopback addresses': ['macOS', 'loopback addresses other than 127.0.0.1'],
};

const HEADING = '## Windows and macOS';
const TEXT = [
  'Continuous integration runs `npm test` on Linux, macOS and Windows, and everything else on Linux only. A test is',
  'skipped on a platform that lacks what the test needs; the run names each skipped test with the reason.',
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
