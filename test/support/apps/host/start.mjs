// Tracks without `register`, by the ES modules of the package, which are strict: they throw where CommonJS ignores an assignment.
import { start } from 'opentelemetry-matomo';

start();
