import fc from 'fast-check';

const toWords = (text: string): readonly string[] => text.match(/\S+/g) ?? [];

/** How the fields of a step are read that are not a number or a text. */
const LISTS: Readonly<Record<string, (text: string) => unknown>> = {
  names: toWords,
  further: toWords,
  furthers: (text) => text.split('/').map(toWords),
};

/** A step of a kind, with what else is to be known of it; one of a greater weight is more likely. */
export function stepOf<const Kind extends string, const Rest extends object>(
  weight: number,
  kind: Kind,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
) {
  const arbitrary = fc.record({ kind: fc.constant(kind), ...rest });
  return {
    weight,
    arbitrary: arbitrary as fc.Arbitrary<{ readonly kind: Kind } & Rest>,
    kind,
    fields: Object.keys(rest),
  };
}

/** Steps in short, such as `hits 0 hit poison, wait 700`: the kind, then the fields in their order, of which the last may be a list. */
export function stepsIn<Step>(
  text: string,
  kinds: readonly { readonly kind: string; readonly fields: readonly string[] }[],
): Step[] {
  return text.split(/,\s+/).map((each) => {
    const [kind = '', ...words] = each.split(' ');
    const fields = kinds.find((one) => one.kind === kind)?.fields ?? [];
    const values = fields.map((field, i) => {
      const value = words.slice(i, i < fields.length - 1 ? i + 1 : undefined).join(' ');
      return [field, LISTS[field]?.(value) ?? (/^-?\d+$/.test(value) ? Number(value) : value)];
    });
    return { kind, ...Object.fromEntries(values) } as Step;
  });
}
