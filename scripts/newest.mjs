// `node scripts/newest.mjs`: the packages that applications use beside this one, each as `NAME@latest`, for npm. Not those of
// OpenTelemetry, of which not all newest ones accept the same API: the matrix has its SDKs.
import { readFileSync } from 'node:fs';

const BESIDE =
  /^(?:@(?:hapi|hono|koa|modelcontextprotocol|nestjs)\/.+|busboy|express|fastify|formidable|hono|koa|morgan|multer|on-finished|redis|undici)$/;
const manifest = new URL('../package.json', import.meta.url);
const { devDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
const names = Object.keys(devDependencies).filter((name) => BESIDE.test(name));
console.log(names.map((name) => `${name}@latest`).join(' '));
