/** Characters of a path or a user agent that patterns of users are tested on: not every pattern is linear. */
export const MAX_PATTERN_INPUT = 2048;

/**
 * User agents of what asks a service whether it is alive: Kubernetes, load balancers, uptime monitors. No search engines:
 * those are visitors. The default of `ignoreUserAgents`.
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

/** Paths of static files, for `ignorePatterns`. */
export const STATIC_FILES: readonly RegExp[] = [
  /\.(?:avif|bmp|css|eot|gif|ico|jpe?g|js|map|mjs|mp[34]|otf|png|svg|ttf|wasm|webm|webmanifest|webp|woff2?)$/i,
  /^\/(?:robots\.txt|sitemap\.xml)$/i,
];
