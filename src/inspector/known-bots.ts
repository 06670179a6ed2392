/**
 * User agents that Matomo takes for bots: a short list of what servers and their callers send, not
 * a device detector.
 */
const BOTS: readonly RegExp[] = [
  /^node(?:\.js)?$/i,
  /bot\b|crawl|spider|slurp|OTel-OTLP-Exporter/i,
  /(?:indexer|proxy|research|monitor|fetcher|checker|scraper|archiver|scanner|validator|analyzer|probe)(?:\/|$)/i,
  /^(?:kube-probe|ELB-HealthChecker|Prometheus|WordPress|HAProxy|k6|ApacheBench|check_http|Datadog|Feedly|GPTBot|ChatGPT-User)/i,
  /^(?:sentry|typescript|uptime)(?:\/|$)/i,
  /^Mozilla\/5\.0 \(compatible\)$/,
];

export function isKnownBot(userAgent: string): boolean {
  return BOTS.some((bot) => bot.test(userAgent));
}
