// A preload that says in which thread it runs.
process.stderr.write(`thread ${require('node:worker_threads').threadId}\n`);
