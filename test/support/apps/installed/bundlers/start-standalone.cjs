// Starts a copy of what Next.js built, from where nothing else is installed.
const { cpSync, mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, sep } = require('node:path');

const copy = mkdtempSync(join(tmpdir(), 'matomo-standalone-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
cpSync(join(__dirname, 'next-standalone/.next/standalone'), copy, { recursive: true });
const server = readdirSync(copy, { recursive: true }).find((path) =>
  path.endsWith(`next-standalone${sep}server.js`),
);
require(join(copy, server));
