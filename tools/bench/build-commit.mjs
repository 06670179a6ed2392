// Builds a commit to compare with, and prints its folder: `node tools/bench/build-commit.mjs ae61b62`
import { buildCommit } from './lib/build-commit.mjs';

console.log(await buildCommit(process.argv[2] ?? 'HEAD'));
