import { findNodeProblem } from './common/node-version.js';

const problem = findNodeProblem();
if (problem === undefined) require('#preload');
else process.stderr.write(`${problem}\n`);
