/** The words of a text: a list whose entries have no spaces. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
