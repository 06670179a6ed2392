/** Every benchmark, by the name of its file: what it asks, and about how long one round of it takes, in seconds. */
export const BENCHES = {
  cpu: {
    question: 'How much CPU time does a request cost on a saturated server?',
    roundSeconds: 55,
  },
  'cpu-children': {
    question: 'How much with 20 child spans per request?',
    roundSeconds: 45,
  },
  spool: { question: 'How much with a spool?', roundSeconds: 22 },
  where: { question: 'Where does the CPU time go?', roundSeconds: 25, once: true },
  'child-span': {
    question: 'What does a child span without `matomo.*` attributes cost?',
    roundSeconds: 3,
  },
  hit: { question: 'What does it cost to build a hit?', roundSeconds: 2 },
  'ai-chatbots': {
    question: 'What does tracking of AI chatbots cost a request by a person?',
    roundSeconds: 20,
  },
  garbage: { question: 'What does a request leave for the garbage collector?', roundSeconds: 60 },
  instructions: {
    question: 'How many instructions does a hit take?',
    roundSeconds: 280,
    once: true, // they repeat to one percent
  },
  'further-hits': {
    question:
      'What does an event cost in addition to its page view, and what does a request outside of the sample cost?',
    roundSeconds: 4,
  },
  'hostile-input': { question: 'How long can one request block the event loop?', roundSeconds: 2 },
  delivery: { question: 'How many hits can one process deliver?', roundSeconds: 48 },
  backlog: {
    question: 'Does a hit cost more if many others are queued, or if there are many visitors?',
    roundSeconds: 10,
  },
  outage: { question: 'Does a server slow down while Matomo is unavailable?', roundSeconds: 40 },
  gateway: { question: 'What does a span cost the gateway?', roundSeconds: 20 },
  'hostile-exports': {
    question: 'How long can a hostile export block the gateway?',
    roundSeconds: 100,
  },
  sockets: { question: 'How many sockets are open at 500 hits per second?', roundSeconds: 14 },
  'queue-memory': { question: 'How much memory does a queued hit take?', roundSeconds: 12 },
  stall: {
    question: 'How long is the event loop blocked while a bulk is built and sent?',
    roundSeconds: 100,
  },
  latency: { question: 'How much longer does a server take to answer?', roundSeconds: 60 },
  'cold-start': {
    question: 'How much longer does a process take to answer its first request?',
    roundSeconds: 20,
  },
  'load-time': { question: 'How much longer does a process take to start?', roundSeconds: 6 },
  memory: {
    question: 'Does anything stay in memory after a million requests?',
    roundSeconds: 360,
    once: true,
  },
};
