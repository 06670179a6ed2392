import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildCommit } from './build-commit.mjs';

const ROUNDS = 7;
const QUICK_ROUNDS = 3;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * What the command line of a benchmark asks for: `--rounds 7`, `--quick`, `--only <way>`, the folder of the built package to measure
 * (`--package`), and another one, or a commit, to measure beside it (`--over`).
 */
export async function readArguments() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      package: { type: 'string', default: ROOT },
      over: { type: 'string' },
    },
  });
  const { quick, only, over } = values;
  const rounds = Number(values.rounds ?? (quick ? QUICK_ROUNDS : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number');
  const packages = [{ name: '', folder: resolve(values.package) }];
  if (over !== undefined)
    packages.push({ name: `, ${basename(over)}`, folder: await folderOf(over) });
  return { rounds, quick, only, packages };
}

async function folderOf(folderOrCommit) {
  return existsSync(folderOrCommit) ? resolve(folderOrCommit) : buildCommit(folderOrCommit);
}
