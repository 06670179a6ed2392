const { setTimeout: delay } = require('node:timers/promises');
const { trackEvent } = require('opentelemetry-matomo');

/** Runs a job, and tracks its result and how many milliseconds it took. */
async function runJob(action, job) {
  const start = performance.now();
  let name = 'succeeded';
  try {
    await job();
  } catch (error) {
    name = 'failed';
    console.error(error.message);
  }
  const value = Math.round(performance.now() - start);
  trackEvent('Jobs', action, { name, value, uid: 'jobs' });
}

async function main() {
  await runJob('send invoices', () => delay(20));
  await runJob('import prices', () => Promise.reject(new Error('no file')));
}

void main();
