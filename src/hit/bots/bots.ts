/**
 * AI chatbots that fetch pages because a person asked them, in the order of Matomo's own list (plugins/BotTracking/BotDetector.php in
 * github.com/matomo-org/matomo, August 2026). Matomo discards other names, so crawlers do not belong here. `reasons.ts` decides which requests
 * are sent as requests of chatbots, and `ai-chatbot-hit.ts` builds their hits.
 */
const AI_CHATBOTS: readonly string[] = [
  'ChatGPT-User',
  'MistralAI-User',
  'Gemini-Deep-Research',
  'Claude-User',
  'Perplexity-User',
  'Google-NotebookLM',
  'Google-GeminiNotebook',
  'DuckAssistBot',
];

const LOWER_CASE = /* @__PURE__ */ AI_CHATBOTS.map((name) => name.toLowerCase());

/** The first name of an AI chatbot that a user agent contains, in upper or lower case. */
export function findAiChatbot(userAgent: string): string | undefined {
  const text = userAgent.toLowerCase();
  return AI_CHATBOTS.find((_, i) => text.includes(LOWER_CASE[i] as string));
}

/**
 * User agents of health checks: Kubernetes, load balancers, uptime monitors, synthetic tests, scrapers of metrics. Search engines are not
 * included: they are visitors. Each pattern begins at the start of the user agent or has a name that no browser has. The default of
 * `ignoreUserAgents`.
 */
export const HEALTH_CHECKERS: readonly RegExp[] = [
  // Orchestrators, proxies and load balancers
  /^kube-probe\//i,
  /^Consul Health Check/i,
  /^Envoy\/HC$/i,
  /^HAProxy\b/i,
  /^NS8_HealthCheck/i,
  /^Knative-Ingress-Probe\b/i,
  /^Varnish\/fastly \(healthcheck\)/i,
  // Clouds
  /^ELB-HealthChecker\//i,
  /^Amazon[- ]Route ?53[- ]Health[- ]Check[- ]Service/i,
  /\bCloudWatchSynthetics\/arn:/i,
  /^GoogleHC\//i,
  /^GoogleStackdriverMonitoring/i,
  /^AlwaysOn$/i,
  /^HealthCheck\/\d[\d.]*$/i,
  /^ReadyForRequest\/1\.0\b/i,
  /^Load Balancer Agent$/i,
  /^Edge Health Probe$/i,
  /^Azure Traffic Manager Endpoint Monitor/i,
  /\bTrident\/5\.0; AppInsights\)/i,
  /\bCloudflare-(?:Healthchecks|Traffic-Manager)\//i,
  /^DigitalOcean Uptime Probe\b/i,
  /^RailwayHealthCheck\//i,
  // Monitors that people host
  /^Prometheus\//i,
  /^Blackbox Exporter\//i,
  /^check_http\//i,
  /^Zabbix(?: \d[\w.]*)?$/i,
  /^Uptime-Kuma\//i,
  /^Gatus\//i,
  /^Monit\/\d/i,
  /^Elastic-Heartbeat\//i,
  // Services that monitor
  /^Datadog(?:\/Synthetics| Agent\/)/i,
  /\bDatadogSynthetics$/i,
  /\bElastic\/Synthetics$/i,
  /\b(?:Ruxit|Dynatrace)Synthetic\/\d/i,
  /^NewRelicPinger\//i,
  /^SentryUptimeBot\//i,
  /\bUptimeRobot\//i,
  /^Better ?(?:Stack|Uptime)\b/i,
  /^Pingdom\.com_bot/i,
  /\bPingdom(?:PageSpeed|TMS)\//i,
  /\bStatusCake\b/i,
  /^(?:Investis-)?Site24x7\b/i,
  /^Checkly\//i,
  /^synthetic-monitoring-agent\//i, // of Grafana
  /^(?:Mozilla\/5\.0 \(compatible; )?updown\.io daemon\b/i,
  /^NodePing\b/i,
  /^FreshpingBot\//i,
  /^HetrixTools Uptime Monitoring Bot\b/i,
  /\bUptime\/1\.0[;)]? \(?https?:\/\/(?:www\.)?uptime\.com\b/i,
  /\bUptimebot\/\d[\d.]*; \+https?:\/\/(?:www\.)?uptime\.com\b/i,
];
