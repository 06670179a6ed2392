const { setTimeout: delay } = require('node:timers/promises');
const { measure } = require('opentelemetry-matomo');

/** Which of Matomo's six timings each step of a report uses. */
const TIMINGS = { 'load orders': 'pf_dm1', 'sort orders': 'pf_dm2', render: 'pf_onl' };

async function createReport(month) {
  const orders = await measure(TIMINGS['load orders'], () => loadOrders(month));
  const best = measure(TIMINGS['sort orders'], () => orders.sort((a, b) => b - a).slice(0, 3));
  return measure(TIMINGS.render, () => render({ month, best }));
}

async function loadOrders(month) {
  await delay(10 + Number(month.slice(-2)));
  return Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 10_007);
}

async function render(report) {
  await delay(5);
  return report;
}

module.exports = { createReport, TIMINGS };
