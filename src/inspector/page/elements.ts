/** Makes an element. Children that are strings become text: nothing is ever read as markup. */
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

/** The element of the page that has this ID. */
export function byId<Made extends HTMLElement>(id: string, kind: new () => Made): Made {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** Sets a text where it is another one, so that what has not changed is not drawn again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A cell that keeps its role where a small screen lays the table out as a list. */
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

/** A row of a list that lives on while its item changes. */
export interface LiveRow<Item> {
  readonly node: HTMLElement;
  update(item: Item): void;
}

/** Draws lists of items: a row is made once for each key, moved where it has to be, and removed with its item. */
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
    // What is moved loses the focus.
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      if (parent.contains(focused)) focused.focus({ preventScroll: true });
    }
  };
}
