/** Creates an element. Children that are strings become text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Finds an element of index.html. */
export function byId<Found extends Element = HTMLElement>(id: string): Found {
  return document.querySelector(`#${id}`) as Found;
}

/** Sets a text only if it has changed, so that the browser does not redraw it. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export const formatNumber: (value: number) => string = new Intl.NumberFormat('en').format;

export const formatTime: (epochMillis: number) => string = new Intl.DateTimeFormat('en-GB', {
  timeStyle: 'medium',
}).format;

/** Formats a count, such as `1 hit` or `1,204 hits`. */
export function formatCount(count: number, what: string): string {
  return `${formatNumber(count)} ${what}${count === 1 ? '' : 's'}`;
}
