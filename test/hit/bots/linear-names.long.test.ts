import { test } from 'vitest';
import { findAiChatbot, findBotName } from '../../../src/hit/bots/bots.js';
import { expectLinear, MIB } from '../../support/linear-input.js';

test('an AI chatbot is found in linear time', () => {
  expectLinear((size) => 'ChatGPT-Use'.repeat(size / 8), findAiChatbot, MIB);
});

test.each(['Googlebo', 'cohere-training-data-crawle', ' G', '-Sogou web spide'])(
  'a crawler is found in linear time among many "%s"',
  (part) => {
    expectLinear((size) => part.repeat(size / part.length), findBotName, MIB);
  },
);
