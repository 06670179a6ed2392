import { OTEL_GLOBAL_KEY, type OtelGlobal, otelGlobal } from '../common/otel-global.js';

/** What the API keeps under `trace`: `ProxyTracerProvider`, which passes on to the provider of an SDK. */
interface ProxyTracerProvider {
  getDelegate?(): object;
  setDelegate?(provider: object): void;
}

/**
 * Says of every tracer provider that is registered now or later, through whichever copy of `@opentelemetry/api`,
 * also again after `trace.disable()`. Nothing is registered here, and no copy of the API is called: a call through
 * another version than the application's would end its tracing.
 *
 * Returns a function that looks again: a library may have deleted the API's object, and the watch with it.
 */
export function watchProviders(onProvider: (provider: object) => void): () => void {
  let watched: OtelGlobal | undefined;

  function watch(created: OtelGlobal): void {
    watched = created;
    watchGlobal(created, onProvider);
  }

  function lookAgain(): void {
    const existing = otelGlobal();
    if (existing && existing !== watched) watch(existing);
  }

  lookAgain();
  if (!watched) awaitGlobal(watch);
  return lookAgain;
}

function awaitGlobal(watch: (created: OtelGlobal) => void): void {
  Object.defineProperty(globalThis, OTEL_GLOBAL_KEY, {
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set(created: OtelGlobal) {
      setPlain(globalThis, OTEL_GLOBAL_KEY, created);
      if (created) watch(created);
    },
  });
}

/** The SDK's provider that is registered. The API's own provider, which records nothing, is none. */
export function currentProvider(): object | undefined {
  return providerOf(otelGlobal()?.trace as ProxyTracerProvider | undefined);
}

/**
 * The prototype of the API's object gets a setter for `trace`. What is set becomes a plain property of the object, so
 * that `trace.disable()`, which deletes it, works and lets the setter see the next registration.
 */
function watchGlobal(api: OtelGlobal, onProvider: (provider: object) => void): void {
  const watch = (proxy: ProxyTracerProvider) => watchProxy(proxy, onProvider);
  const present = Object.getOwnPropertyDescriptor(api, 'trace')?.value;
  const prototype = Object.create(Object.getPrototypeOf(api), {
    trace: {
      configurable: true,
      get: () => undefined,
      set(proxy: ProxyTracerProvider) {
        setPlain(api, 'trace', proxy);
        if (proxy) watch(proxy);
      },
    },
  });
  Object.setPrototypeOf(api, prototype);
  if (present) watch(present);
}

function watchProxy(proxy: ProxyTracerProvider, onProvider: (provider: object) => void): void {
  const provider = providerOf(proxy);
  if (provider) onProvider(provider);
  const { setDelegate } = proxy;
  if (typeof setDelegate !== 'function') return;
  setPlain(proxy, 'setDelegate', function set(this: ProxyTracerProvider, delegate: object) {
    setDelegate.call(this, delegate);
    if (delegate) onProvider(delegate);
  });
}

/** The provider behind what the API keeps; `undefined` where that is only the API's own, which records nothing. */
function providerOf(proxy: ProxyTracerProvider | undefined): object | undefined {
  if (!proxy) return undefined;
  if (typeof proxy.getDelegate !== 'function') return proxy;
  const delegate = proxy.getDelegate();
  return delegate === noopProviderOf(proxy) ? undefined : delegate;
}

/** What a proxy has that nobody gave a delegate. Not told by its name: bundlers rename classes. */
function noopProviderOf(proxy: ProxyTracerProvider): object | undefined {
  const ProxyProvider = proxy.constructor as new () => ProxyTracerProvider;
  return ProxyProvider === Object ? undefined : new ProxyProvider().getDelegate?.();
}

function setPlain(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable: true,
    writable: true,
    value,
  });
}
