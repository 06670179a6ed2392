import fc from 'fast-check';

/** A step of a kind, with what else is to be known of it; one of a greater weight is more likely. */
export function stepOf<const Kind extends string, const Rest extends object>(
  weight: number,
  kind: Kind,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
) {
  const arbitrary = fc.record({ kind: fc.constant(kind), ...rest });
  return { weight, arbitrary: arbitrary as fc.Arbitrary<{ readonly kind: Kind } & Rest> };
}
