/** Returns the items whose key occurred before, each with the first item of that key. */
export function duplicates<T>(
  items: readonly T[],
  keyOf: (item: T) => unknown,
): { readonly item: T; readonly first: T }[] {
  const seen = new Map<unknown, T>();
  return items.flatMap((item) => {
    const first = seen.get(keyOf(item));
    if (first === undefined) seen.set(keyOf(item), item);
    return first === undefined ? [] : [{ item, first }];
  });
}
