#!/usr/bin/env node
import { codeOf } from '../common/describe-error.js';
import { PREFIX } from '../common/diagnostics.js';
import { runCommand } from './run-command.js';

// The reader of a pipe may end first, as `head` does. Without listeners, that would end a command in the middle of its work.
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error) => {
  if (codeOf(error) === 'EPIPE') return;
  console.error(`${PREFIX}the output cannot be written (${codeOf(error)})`);
  process.once('exit', () => {
    process.exitCode = 1;
  });
});

void runCommand(process.argv.slice(2));
