import { byId, setText } from './elements.js';

/** The actions of keys. */
export interface KeyActions {
  readonly pause: () => void;
  readonly clear: () => void;
  readonly step: (by: 1 | -1) => void;
  readonly close: () => void;
}

const THEMES = ['auto', 'light', 'dark'];
const THEME_KEY = 'opentelemetry-matomo.theme';

/** Listens for keys outside text fields, without Ctrl, Alt and Meta, which browsers use. */
export function listenToKeys({ pause, clear, step, close }: KeyActions): void {
  const filter = byId('filter', HTMLInputElement);
  const help = byId('help', HTMLDialogElement);
  byId('keys', HTMLButtonElement).addEventListener('click', () => help.showModal());
  byId('help-close', HTMLButtonElement).addEventListener('click', () => help.close());
  const actions: Readonly<Record<string, () => void>> = {
    '/': () => filter.focus(),
    '?': () => help.showModal(),
    p: pause,
    C: clear,
    t: nextTheme,
    j: () => step(1),
    k: () => step(-1),
    Escape: close,
  };
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (isTyping) {
      if (key === 'Escape' && target === filter && filter.value === '') filter.blur();
      return;
    }
    if (!Object.hasOwn(actions, key)) return;
    event.preventDefault();
    actions[key]?.();
  });
}

/** Applies the theme that was chosen last, and starts its button. */
export function listenToTheme(): void {
  setTheme(localStorage.getItem(THEME_KEY) ?? 'auto');
  byId('theme', HTMLButtonElement).addEventListener('click', nextTheme);
}

function nextTheme(): void {
  const current = THEMES.indexOf(document.documentElement.dataset.theme ?? 'auto');
  setTheme(THEMES[(current + 1) % THEMES.length] as string);
}

function setTheme(theme: string): void {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(THEME_KEY, theme);
  setText(byId('theme', HTMLButtonElement), `Theme: ${theme}`);
}
