/**
 * User agents of health checks: Kubernetes, load balancers, uptime monitors. Search engines are not included: they are visitors. The
 * default of `ignoreUserAgents`.
 */
export const HEALTH_CHECKERS: readonly RegExp[] = [
  /^kube-probe\//i,
  /^ELB-HealthChecker\//i,
  /^Amazon-Route53-Health-Check-Service/i,
  /^GoogleHC\//i,
  /^GoogleStackdriverMonitoring/i,
  /^Envoy\/HC$/i,
  /^Consul Health Check/i,
  /^HAProxy\b/i,
  /^NS8_HealthCheck/i,
  /\bUptimeRobot\//i,
  /^Better ?(?:Stack|Uptime)\b/i,
  /^Pingdom\.com_bot/i,
  /\bStatusCake\b/i,
  /^check_http\//i,
  /^Blackbox Exporter\//i,
  /^Uptime-Kuma\//i,
];
