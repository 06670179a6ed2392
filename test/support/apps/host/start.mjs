// Tracks without `register`.
import { start } from 'opentelemetry-matomo';

start();
