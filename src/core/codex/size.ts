/** A comment, a string (closed or not), or a mark that starts a key, a value, a list or a table. */
const TOKEN =
  /#[^\n]*|"""(?:\\[^]|(?!""")[^\\])*(?:""")?|'''(?:(?!''')[^])*(?:''')?|"(?:\\[^]|[^"\\])*"?|'[^']*'?|([=,.[{])/g;

/**
 * Counts the keys, values, lists and tables of a TOML text without parsing it: a parser needs some
 * kilobytes of memory for each.
 *
 * @returns the count, and the offset of the first one beyond `limit`.
 */
export function countValues(
  text: string,
  limit: number,
): { readonly count: number; readonly overLimit: number | undefined } {
  let count = 0;
  for (const { 1: mark, index } of text.matchAll(TOKEN)) {
    if (mark !== undefined && ++count > limit) return { count, overLimit: index };
  }
  return { count, overLimit: undefined };
}
