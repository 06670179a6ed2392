/** Explains why Matomo's tracker rejects a token that its API accepts with write access, and what to do. */
export function explainRejectedToken(
  { role, version }: { readonly role: string; readonly version: string | undefined },
  siteId: unknown,
): { found: string; advice: string } {
  const found = `Matomo's API accepts the token with write access to site ${siteId}, but its tracker rejects it`;
  const recent =
    'the tracker may learn of a new token only after five minutes: if it is new, run doctor again then';
  if (role !== 'super' || isFixed(version)) return { found, advice: `${capitalize(recent)}.` };
  return {
    found: `${found}: it is a super user's, and was probably created with "Only allow secure requests", which the tracker does not accept before Matomo 5.4`,
    advice: `Use the token of a user with write access who is not a super user, or update Matomo. But ${recent}.`,
  };
}

/** Whether the tracker accepts a super user's token for secure requests in a bulk. */
function isFixed(version: string | undefined): boolean {
  return version !== undefined && version.localeCompare('5.4', 'en', { numeric: true }) >= 0;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
