import { builtin } from './unhooked.js';

export const { BlockList, isIP, isIPv4 } = builtin('node:net');
export type BlockList = InstanceType<typeof BlockList>;
