/** The colours of the parts of an output; {@linkcode PLAIN} changes nothing. */
export interface Palette {
  error(text: string): string;
  warning(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
  hint(text: string): string;
  added(text: string): string;
  removed(text: string): string;
}

function same(text: string): string {
  return text;
}

/** No colours. */
export const PLAIN: Palette = {
  error: same,
  warning: same,
  dim: same,
  strong: same,
  hint: same,
  added: same,
  removed: same,
};
