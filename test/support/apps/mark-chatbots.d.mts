import type { Delivery } from '../../../src/delivery/delivery.js';

export declare function markChatbots(delivery: typeof Delivery): void;
