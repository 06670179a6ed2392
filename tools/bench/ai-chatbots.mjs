// What do AI chatbots cost a request by a person?
//
//   node tools/bench/ai-chatbots.mjs [--rounds 7] [--quick]
//
// From Node's announcement of the request to the end of its span; what sending a hit costs later is the same.
import { start, stop } from './lib/child-process.mjs';
import { spread } from './lib/figures.mjs';
import { only } from './lib/measure-parts.mjs';
import { ratios, runBench } from './lib/run-bench.mjs';

const WAYS = {
  off: 'by a person, `aiChatbots: off`',
  separate: 'by a person, `aiChatbots: separate`',
  ignored: 'by a person, excluded by a pattern',
  chatbotsOnly: 'by a person, `pageViews: false`',
  chatbot: 'by an AI chatbot',
};

const nanosOf = (way) => (round) => round[way].nanos;

await runBench('ai-chatbots', {
  prepare: () => start('sink.mjs'),
  end: (sink) => stop(sink.child),
  ways: Object.keys(WAYS),
  measure: (way, { quick, prepared: sink }) =>
    only('ai-chatbots.mjs', [way, sink.ready, quick ? '60' : '200']),
  summarize: (all) => ({
    figures: {
      'person-beside-chatbots': all.map(
        (round) => (nanosOf('separate')(round) - nanosOf('off')(round)) / 1000,
      ),
      'person-without-page-views': ratios(all, nanosOf('chatbotsOnly'), nanosOf('ignored')),
    },
    rows: [
      ['request', 'ns', 'over `off`', 'over an ignored request'],
      ...Object.entries(WAYS).map(([way, name]) => [
        name,
        spread(all.map(nanosOf(way)), 0),
        spread(ratios(all, nanosOf(way), nanosOf('off'))),
        spread(ratios(all, nanosOf(way), nanosOf('ignored'))),
      ]),
    ],
  }),
});
