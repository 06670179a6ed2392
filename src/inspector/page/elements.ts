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

/** Finds the element with an ID. */
export function byId<Made extends HTMLElement>(id: string, kind: new () => Made): Made {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** Sets a text only if it differs, so that the browser does not draw it again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Creates a cell that keeps its role if a small screen shows the table as a list. */
export function cell(
  label: string,
  className: string,
  ...children: (Node | string)[]
): HTMLElement {
  return element('td', { role: 'cell', class: className, 'data-label': label }, ...children);
}

export function row(...cells: HTMLElement[]): HTMLTableRowElement {
  return element('tr', { role: 'row' }, ...cells);
}

/** A row of a list, which is updated when its item changes. */
export interface LiveRow<Item> {
  readonly node: HTMLElement;
  update(item: Item): void;
}

/** Draws a list of items: a row is created once for each key, moved when the order changes, and removed with its item. */
export function createRows<Item>(
  parent: HTMLElement,
  keyOf: (item: Item) => string,
  create: (item: Item) => LiveRow<Item>,
): (items: readonly Item[]) => void {
  const rows = new Map<string, LiveRow<Item>>();
  return (items) => {
    const focused = document.activeElement;
    const keys = new Set(items.map(keyOf));
    for (const [key, { node }] of rows) {
      if (keys.has(key)) continue;
      node.remove();
      rows.delete(key);
    }
    let next = parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      const live = rows.get(key) ?? create(item);
      rows.set(key, live);
      live.update(item);
      if (live.node === next) next = next.nextElementSibling;
      else parent.insertBefore(live.node, next);
    }
    // Moving an element removes the focus from it.
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      if (parent.contains(focused)) focused.focus({ preventScroll: true });
    }
  };
}

export const formatNumber: (value: number) => string = new Intl.NumberFormat('en').format;

export const formatTime: (epochMillis: number) => string = new Intl.DateTimeFormat('en-GB', {
  timeStyle: 'medium',
}).format;

/** Formats a count, such as `1 hit` or `1,204 hits`. */
export function formatCount(count: number, what: string): string {
  return `${formatNumber(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Shortens a long ID to its beginning and end. */
export function formatVisitor(id: string): string {
  return id.length > 18 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
}
