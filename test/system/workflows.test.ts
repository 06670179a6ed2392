import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { ROOT } from '../support/child-process.js';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly needs?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: {
    readonly matrix: { readonly node?: readonly number[]; readonly system?: readonly string[] };
  };
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface LockedPackage {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const FOLDER = join(ROOT, '.github/workflows');
const FURTHER_RIGHTS: Readonly<Record<string, readonly string[]>> = {
  'codeql.yml': ['security-events,write'],
  'release.yml': ['id-token,write'],
};

describe.each(readdirSync(FOLDER))('%s', (file) => {
  const { permissions, jobs } = read(file);
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const commands = steps.flatMap(({ run }) => run ?? []);

  test('runs scripts of package.json that exist', () => {
    const named = commands.flatMap((command) =>
      [...command.matchAll(/\bnpm (?:run ([\w:-]+)|(test))\b/g)].map(([, run, own]) => run ?? own),
    );
    expect(named.filter((name) => !Object.hasOwn(packageJson.scripts, name as string))).toEqual([]);
  });

  test('names files that exist, and runs those that can be run', () => {
    const named = commands.flatMap(
      (command) => command.match(/(?<=^|[\s'"])\.{0,1}[\w./-]+\/[\w.-]+/g) ?? [],
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const path of commands.filter((command) => command.startsWith('.'))) {
      accessSync(join(ROOT, path), constants.X_OK);
    }
  });

  test('takes actions by their commit, with the version beside it', () => {
    const lines = readFileSync(join(FOLDER, file), 'utf8').match(/^.*\buses:.*$/gm) ?? [];
    expect(lines).toHaveLength(steps.filter(({ uses }) => uses !== undefined).length);
    const pinned = /\buses: [\w-]+\/[\w-]+(?:\/[\w-]+)?@[\da-f]{40} # v\d+\.\d+\.\d+$/;
    expect(lines.filter((line) => !pinned.test(line))).toEqual([]);
  });

  test('may read the repository and has only the further rights that it needs', () => {
    const granted = [permissions, ...Object.values(jobs).map((job) => job.permissions)];
    expect(permissions).toBeDefined();
    const rights = granted.flatMap((rights) => Object.entries(rights ?? {}).map(String));
    const allowed = ['contents,read', ...(FURTHER_RIGHTS[file] ?? [])];
    expect(rights.filter((right) => !allowed.includes(right))).toEqual([]);
  });
});

test('checks run on the oldest Node.js that is supported and on newer ones', () => {
  const versions = read('ci.yml').jobs.checks?.strategy?.matrix.node ?? [];
  const oldest = Number(/\d+/.exec(packageJson.engines.node)?.[0]);
  expect(Math.min(...versions)).toBe(oldest);
  expect(versions.length).toBeGreaterThan(2);
});

test('npm test runs on Linux, macOS, and Windows', () => {
  const { strategy, steps } = read('ci.yml').jobs.tests ?? {};
  expect(strategy?.matrix.system).toEqual(['ubuntu-latest', 'macos-latest', 'windows-latest']);
  expect(steps?.at(-1)?.run).toBe('npm test');
});

test('every night all tests run with a random seed', () => {
  const { on, jobs } = read('nightly.yml');
  expect(on).toHaveProperty('schedule');
  expect(jobs.tests?.env).toEqual({ TEST_SEED: 'random' });
  const commands = jobs.tests?.steps.flatMap(({ run }) => run ?? []);
  expect(commands?.slice(-2)).toEqual(['npm test', 'npm run test:long']);
});

test('a release is published from a tag only, after all checks, with its provenance', () => {
  const { on, permissions, jobs } = read('release.yml');
  expect(on).toEqual({ push: { tags: ['v*'] } });
  expect(permissions).toEqual({});
  expect(Object.keys(jobs)).toEqual(['pack', 'publish']);
  const commandsOf = (name: string) => jobs[name]?.steps.flatMap(({ run }) => run ?? []) ?? [];
  expect(commandsOf('pack')).toContain('.ci/run');
  expect(commandsOf('pack').at(-1)).toBe('npm pack');
  expect(jobs.publish?.needs).toBe('pack');
  expect(commandsOf('publish')).toEqual([
    'npm publish ./*.tgz --ignore-scripts --provenance --access public',
  ]);
});

test('the job that may publish runs nothing of the repository and of its dependencies', () => {
  const { jobs } = read('release.yml');
  const mayPublish = Object.values(jobs).filter(({ permissions }) => permissions?.['id-token']);
  expect(mayPublish).toEqual([jobs.publish]);
  expect(jobs.publish?.permissions).toEqual({ 'id-token': 'write' });
  const actions = jobs.publish?.steps.flatMap(({ uses }) => uses?.split('@')[0] ?? []);
  expect(actions).toEqual(['actions/setup-node', 'actions/download-artifact']);
});

test('what is installed from a registry has its checksum in package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const unchecked = Object.entries(packages).filter(
    ([path, { link, integrity }]) =>
      path.startsWith('node_modules/') && !link && !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''),
  );
  expect(unchecked.map(([path]) => path)).toEqual([]);
});

function read(file: string): Workflow {
  return parse(readFileSync(join(FOLDER, file), 'utf8'));
}
