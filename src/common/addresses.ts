import { builtin } from './unhooked.js';

export const { BlockList, isIP } = builtin('node:net');
export type BlockList = InstanceType<typeof BlockList>;
