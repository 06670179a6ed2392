const { setTimeout: delay } = require('node:timers/promises');
const { trace } = require('@opentelemetry/api');
const { measure } = require('opentelemetry-matomo');

/** Which of Matomo's six timings each step of a report uses. */
const TIMINGS = { 'load orders': 'pf_dm1', 'sort orders': 'pf_dm2', render: 'pf_onl' };

async function createReport(month) {
  const orders = await measure(TIMINGS['load orders'], () => loadOrders(month));
  const best = measure(TIMINGS['sort orders'], () => orders.sort((a, b) => b - a).slice(0, 3));
  return render({ month, best });
}

async function loadOrders(month) {
  await delay(10 + Number(month.slice(-2)));
  return Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 10_007);
}

/** Timed without this package: a span that starts with the attribute `matomo.perf_key` is enough. */
function render(report) {
  const attributes = { 'matomo.perf_key': TIMINGS.render };
  return trace.getTracer('shop').startActiveSpan('render', { attributes }, async (span) => {
    await delay(5);
    span.end();
    return report;
  });
}

module.exports = { createReport, TIMINGS };
