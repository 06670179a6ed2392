import { testSubscribers } from './subscribers.js';

const [major = 0] = process.versions.node.split('.').map(Number);
testSubscribers(() => ({}), major >= 22);
