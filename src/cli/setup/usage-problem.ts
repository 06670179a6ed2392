/** The command was called in a way that cannot work; nothing was asked of Matomo. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}
