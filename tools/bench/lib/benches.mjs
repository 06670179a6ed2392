/**
 * Every benchmark, by the name of its file: what it asks, and about how many seconds one round takes, and
 * `laterRoundSeconds` one without references. `maxRounds` is enough for what repeats well or is bounded only roughly; those with the main
 * goals run all rounds. `nodes` are the only major versions of Node.js to run it with.
 */
export const BENCHES = {
  cpu: {
    question: 'How much CPU time does a request cost on a saturated server?',
    roundSeconds: 55,
    laterRoundSeconds: 25,
  },
  'cpu-varied': {
    question: 'How much with varied traffic?',
    roundSeconds: 26,
    nodes: [24], // its limit is for Node.js 24
  },
  'cpu-children': {
    question: 'How much with 20 child spans per request?',
    roundSeconds: 45,
    laterRoundSeconds: 28,
  },
  spool: { question: 'How much with a spool?', roundSeconds: 22, maxRounds: 3 },
  where: { question: 'Where does the CPU time go?', roundSeconds: 25, maxRounds: 1 },
  'child-span': {
    question: 'What does a child span without `matomo.*` attributes cost?',
    roundSeconds: 3,
    maxRounds: 3, // each is the fastest of many blocks
  },
  hit: { question: 'What does it cost to build a hit?', roundSeconds: 2, maxRounds: 3 },
  'ai-chatbots': {
    question: 'What does tracking of AI chatbots cost a request by a person?',
    roundSeconds: 20,
    maxRounds: 3,
  },
  garbage: {
    question: 'What does a request leave for the garbage collector?',
    roundSeconds: 60,
    maxRounds: 1,
  },
  instructions: {
    question: 'How many instructions does a hit take?',
    roundSeconds: 160,
    maxRounds: 1, // they repeat to one percent
  },
  'further-hits': {
    question:
      'What does an event cost in addition to its page view, and what does a request outside of the sample cost?',
    roundSeconds: 4,
    maxRounds: 3,
  },
  'hostile-input': {
    question: 'How long can one request block the event loop?',
    roundSeconds: 2,
    maxRounds: 3,
  },
  delivery: {
    question: 'How many hits can one process deliver?',
    roundSeconds: 48,
    laterRoundSeconds: 24,
  },
  backlog: {
    question: 'Does a hit cost more if many others are queued, or if there are many visitors?',
    roundSeconds: 10,
    maxRounds: 3,
  },
  outage: {
    question: 'Does a server slow down while Matomo is unavailable?',
    roundSeconds: 30,
    maxRounds: 3,
  },
  gateway: {
    question: 'What does a span cost the gateway?',
    roundSeconds: 26,
    laterRoundSeconds: 16,
  },
  'gateway-growth': {
    question:
      'Does a span cost the gateway more if many are offered, or if there are many services?',
    roundSeconds: 100,
    maxRounds: 3,
  },
  processes: {
    question: 'How many hits do several processes deliver that share a spool?',
    roundSeconds: 60,
    maxRounds: 3,
  },
  'hostile-exports': {
    question: 'How long can a hostile export block the gateway?',
    roundSeconds: 100,
    maxRounds: 1,
    nodes: [24], // it took 166 ms with Node.js 20 and 141 with 24; the limit is 250
  },
  sockets: {
    question: 'How many sockets are open at 500 hits per second?',
    roundSeconds: 14,
    maxRounds: 1,
    nodes: [24],
  },
  'queue-memory': {
    question: 'How much memory does a queued hit take?',
    roundSeconds: 12,
    maxRounds: 3,
  },
  stall: {
    question: 'How long is the event loop blocked while a bulk is built and sent?',
    roundSeconds: 45,
    maxRounds: 3,
  },
  latency: {
    question: 'How much longer does a server take to answer?',
    roundSeconds: 32,
    maxRounds: 3,
  },
  'cold-start': {
    question: 'How much longer does a process take to answer its first request?',
    roundSeconds: 12,
    maxRounds: 3, // each is the fastest of several processes
  },
  'load-time': {
    question: 'How much longer does a process take to start?',
    roundSeconds: 6,
    maxRounds: 3,
  },
  memory: {
    question: 'Does anything stay in memory after a million requests?',
    roundSeconds: 360,
    maxRounds: 1,
    nodes: [24], // what stays in memory does not depend on the version
  },
};
