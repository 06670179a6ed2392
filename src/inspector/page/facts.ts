import type { PageFacts, ParameterExplanation } from '../explain-parameters.js';

export type Facts = PageFacts;

export async function loadFacts(): Promise<Facts> {
  return (await fetch('/facts')).json() as Promise<Facts>;
}

/** Explains a parameter, if Matomo knows it. */
export function explain({ parameters }: Facts, name: string): ParameterExplanation | undefined {
  if (Object.hasOwn(parameters, name)) return parameters[name];
  return /^dimension[1-9]\d{0,2}$/.test(name) ? parameters['dimension*'] : undefined;
}
