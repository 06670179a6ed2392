/** Every benchmark, by the name of its file: what it asks, and about how long one round of it takes, in seconds. */
export const BENCHES = {
  cpu: { question: 'What CPU time does a request cost a saturated server?', roundSeconds: 26 },
  'child-spans': {
    question: 'And with 20 untagged child spans in each request?',
    roundSeconds: 26,
  },
};
