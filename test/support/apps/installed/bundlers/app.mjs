import 'opentelemetry-matomo/register';
import '../plain.mjs';
