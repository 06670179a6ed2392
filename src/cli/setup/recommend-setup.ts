import { BOT_DIMENSION, CONSUMER_DIMENSIONS, DIMENSIONS } from './wanted.js';

const COMMAND = 'npx opentelemetry-matomo setup';

/** Advice if Matomo drops status and method. */
export function recommendSetup(): string {
  return `Run ${COMMAND}, which creates custom dimensions for them and prints what to configure.`;
}

/** Advice if the dimension for an attribute is missing; `undefined` if setup does not create one for it. */
export function recommendSetupFor(attribute: unknown): string | undefined {
  if (attribute === BOT_DIMENSION.attribute) {
    return `Run ${COMMAND} --bots, which creates or reactivates it and prints what to configure.`;
  }
  if (CONSUMER_DIMENSIONS.some((dimension) => dimension.attribute === attribute)) {
    return `Run ${COMMAND} --consumers, which creates or reactivates it and prints what to configure.`;
  }
  const isCreated = DIMENSIONS.some((dimension) => dimension.attribute === attribute);
  return isCreated
    ? `Run ${COMMAND}, which creates or reactivates it and prints what to configure.`
    : undefined;
}
