// Fake timers replace the global `performance`, but not the object that a module imports: this one then reads the fake clock.
import { performance } from 'node:perf_hooks';

const now = performance.now.bind(performance);
const isReal = () => (globalThis.performance as unknown) === performance;

performance.now = () => (isReal() ? now() : globalThis.performance.now());
