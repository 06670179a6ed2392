export { createGateway, type Gateway, type GatewayStats } from './create-gateway.js';
export type { GatewayOptions, ReceiverOptions } from './receiver-options.js';
