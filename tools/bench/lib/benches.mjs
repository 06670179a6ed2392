/** Every benchmark, by the name of its file: what it asks, and about how long one round of it takes, in seconds. */
export const BENCHES = {
  cpu: { question: 'What CPU time does a request cost a saturated server?', roundSeconds: 55 },
  'cpu-children': {
    question: 'And with 20 untagged child spans in each request?',
    roundSeconds: 45,
  },
  spool: { question: 'And with a spool on disk?', roundSeconds: 22 },
  where: { question: 'Where does it go?', roundSeconds: 25, once: true },
  'child-span': {
    question: 'What does a span cost that says nothing for Matomo?',
    roundSeconds: 3,
  },
  hit: { question: 'What does it cost to build a hit?', roundSeconds: 2 },
  'ai-chatbots': {
    question: 'What do AI chatbots cost a request by a person?',
    roundSeconds: 20,
  },
  garbage: { question: 'What does a request leave for the garbage collector?', roundSeconds: 60 },
  instructions: {
    question: 'How many instructions does a hit take?',
    roundSeconds: 150,
    once: true, // they repeat to one percent
  },
  'further-hits': {
    question:
      'What does an event cost beside its page view, and a request that is not in the sample?',
    roundSeconds: 4,
  },
  'hostile-input': { question: 'How long can one request hold the event loop?', roundSeconds: 2 },
  delivery: { question: 'How many hits can one process deliver?', roundSeconds: 48 },
  backlog: {
    question: 'Does a hit cost more with many others waiting, or many visitors?',
    roundSeconds: 10,
  },
  outage: { question: 'Does a server feel that Matomo is away?', roundSeconds: 40 },
  gateway: { question: 'What does a span cost the gateway?', roundSeconds: 20 },
  'hostile-exports': {
    question: 'For how long does a hostile export stop the gateway?',
    roundSeconds: 100,
  },
  sockets: { question: 'How many sockets are open at 500 hits a second?', roundSeconds: 14 },
  'queue-memory': { question: 'What memory does a hit take that waits?', roundSeconds: 12 },
  stall: {
    question: 'For how long does the event loop stand still while a bulk is built and sent?',
    roundSeconds: 100,
  },
  latency: { question: 'How much later does a server answer?', roundSeconds: 60 },
  'cold-start': {
    question: 'How much later does a process answer its first request?',
    roundSeconds: 20,
  },
  'load-time': { question: 'How much later does a process start?', roundSeconds: 6 },
  memory: {
    question: 'Does anything stay behind after a million requests?',
    roundSeconds: 360,
    once: true,
  },
};
