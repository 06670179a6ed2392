// `node scripts/commit-titles.mjs main..HEAD`: checks that every commit title in a range is a Conventional Commit.
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';

const TYPES = [
  'build',
  'chore',
  'ci',
  'docs',
  'feat',
  'fix',
  'perf',
  'refactor',
  'revert',
  'style',
  'test',
];
const TITLE = new RegExp(`^(?:${TYPES.join('|')})(?:\\([a-z][a-z\\d-]*\\))?!?: \\S`);
const MAX_CHARACTERS = 100;

/** Why a title is invalid; `undefined` if it is valid. Merge commits and reverts made by git are valid. */
export function problemWith(title) {
  if (/^(?:Merge |Revert ")/.test(title)) return undefined;
  if (!TITLE.test(title))
    return `begin with a type (${TYPES.join(', ')}), such as "fix(gateway): …"`;
  return title.length > MAX_CHARACTERS ? `use at most ${MAX_CHARACTERS} characters` : undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [range = 'main..HEAD'] = process.argv.slice(2);
  const titles = execFileSync('git', ['log', '--format=%s', range], { encoding: 'utf8' });
  const problems = titles
    .split('\n')
    .filter((title) => title !== '')
    .map((title) => [title, problemWith(title)])
    .filter(([, problem]) => problem !== undefined);
  for (const [title, problem] of problems) console.error(`"${title}": ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
