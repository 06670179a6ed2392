#!/usr/bin/env node
import { findNodeProblem } from '../common/node-version.js';

const problem = findNodeProblem();
if (problem === undefined) {
  void import('./run-command.js').then(({ runCommand, surviveClosedPipes }) => {
    surviveClosedPipes();
    return runCommand(process.argv.slice(2));
  });
} else {
  console.error(problem);
  process.exitCode = 1;
}
