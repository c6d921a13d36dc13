import { WIDTH } from "./text.ts";

/** The colours of the parts of an output, and its width; {@linkcode PLAIN} has no colours. */
export interface Palette {
  /** The width of the terminal in columns, at most {@linkcode WIDTH}. */
  readonly columns: number;
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
  columns: WIDTH,
  error: same,
  warning: same,
  dim: same,
  strong: same,
  hint: same,
  added: same,
  removed: same,
};
