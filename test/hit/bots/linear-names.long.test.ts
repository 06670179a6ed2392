import { test } from 'vitest';
import { isAiChatbot } from '../../../src/hit/bots/ai-chatbot-hit.js';
import { expectLinear, MIB } from '../../support/linear-input.js';

test('an AI chatbot is found in linear time', () => {
  expectLinear((size) => 'ChatGPT-Use'.repeat(size / 8), isAiChatbot, MIB);
});
