/** User agents that Matomo treats as bots: a short list of those that servers and their clients send. */
const BOTS: readonly RegExp[] = [
  /^node(?:\.js)?$/i,
  /(?<!cu)bot(?:\b|_)|crawl|spider|slurp|OTel-OTLP-Exporter/i,
  /ChatGPT-User|MistralAI-User|Gemini-Deep-Research|Claude-User|Perplexity-User|DuckAssistBot/i,
  /Google-(?:NotebookLM|GeminiNotebook)|Devin\/|meta-externalfetcher|Amzn-User/i,
  /(?:indexer|proxy|research|monitor|fetcher|checker|scraper|archiver|scanner|validator|analyzer|probe)(?:\/|$)/i,
  /^(?:kube-probe|ELB-HealthChecker|Prometheus|WordPress|HAProxy|k6|ApacheBench|check_http)/i,
  /^(?:Datadog|Feedly|StatusCake|Site24x7|UptimeRobot|GoogleStackdriverMonitoring|Blackbox)/i,
  /^Amazon-Route53-Health-Check-Service/i,
  /^(?:sentry|typescript|uptime)(?:\/|$)/i,
  /validation server|W3C_Validator/,
  /^Mozilla\/5\.0 \(compatible\)$/,
];

/** Whether Matomo drops the hits of a user agent unless `bots=1` is set. */
export function isKnownBot(userAgent: string): boolean {
  return BOTS.some((bot) => bot.test(userAgent));
}
