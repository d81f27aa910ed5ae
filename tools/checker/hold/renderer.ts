/** What the parts of the transformation ask of the whole: hold-source.ts is it, and calls its parts. */
import type { AnyNode } from 'acorn';
import type { Call } from './module-facts.js';

export interface Renderer {
  /** The text of a node, transformed. */
  render(node: AnyNode): string;
  /** The text from `from` to `to`, which is all of the node unless given, with the nodes below it transformed. */
  verbatim(node: AnyNode, from?: number, to?: number): string;
  /** The text from `from` to `to` with those of the nodes that lie in it transformed. */
  between(nodes: readonly AnyNode[], from: number, to: number): string;
  /** The text of a call, with what runs it if it may be held. */
  hold(rendered: string, call: Call): string;
  /** Runs what the text gives, if that is a held call: by holding, or plainly where nobody can be held. */
  run(rendered: string, node: AnyNode, name: string | undefined): string;
  /** What is called and where, as a string of the transformed text, for an error. */
  what(node: AnyNode, name: string | undefined): string;
  /** A variable of its own in the held function that is being transformed. */
  temporary(): string;
  /** True inside a function that is held. */
  isInHeld(): boolean;
  /** The error for code that cannot be held as it is written. */
  refusal(node: AnyNode, why: string): Error;
}

/** The line breaks of a text, without the rest. */
export function lineBreaks(text: string): string {
  return '\n'.repeat(text.split('\n').length - 1);
}
