// Runs before each test file: the line that says that tracking works would be among the output of the first test that sends hits.
// Child processes write it; `startNode` removes it from their stderr.
Object.assign(globalThis, { [Symbol.for('opentelemetry-matomo.tracking.1')]: { isLogged: true } });
