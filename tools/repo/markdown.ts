/**
 * The parts of a Markdown page that name things outside it: code spans, links, and `npm` commands. What
 * stands in a fenced block is an example and names nothing, except its `npm` commands.
 */

export type MarkdownPage = { readonly path: string; readonly text: string };

/** A piece of text and the line it begins on, counted from 1. */
export type Span = { readonly line: number; readonly text: string };

const FENCE = /^\s*(```+|~~~+)/;
const CODE_SPAN = /(`+)(.+?)\1/g;
const LINK = /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const LINK_DEFINITION = /^\s*\[[^\]]+\]:\s*<?([^\s>]+)/;
const NPM_RUN = /\bnpm run (?:-\S+ )*([\w:.-]+)/g;
const NPM_SHORT = /\bnpm (start|test)\b/g;

/** Code spans outside fenced blocks. */
export function codeSpansOf(page: MarkdownPage): Span[] {
  return proseOf(page).flatMap(({ line, text }) =>
    [...text.matchAll(CODE_SPAN)].map((match) => ({ line, text: (match[2] ?? '').trim() })),
  );
}

/** Targets of links and images that stay in the repository, as they are written. */
export function relativeLinksOf(page: MarkdownPage): Span[] {
  return proseOf(page).flatMap(({ line, text }) => {
    const plain = text.replace(CODE_SPAN, '');
    const targets = [...plain.matchAll(LINK)].map((match) => match[1] ?? '');
    const defined = LINK_DEFINITION.exec(plain)?.[1];
    if (defined !== undefined) targets.push(defined);
    return targets
      .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
      .map((target) => ({ line, text: target }));
  });
}

/** Names of the scripts that the page tells its reader to run, fenced blocks included. */
export function npmScriptsOf(page: MarkdownPage): Span[] {
  return page.text.split('\n').flatMap((text, index) =>
    [...text.matchAll(NPM_RUN), ...text.matchAll(NPM_SHORT)].map((match) => ({
      line: index + 1,
      text: match[1] ?? '',
    })),
  );
}

/** The anchors that links to this page may end in: its headings, as GitHub spells them. */
export function anchorsOf(page: MarkdownPage): Set<string> {
  const anchors = new Set<string>();
  for (const { text } of proseOf(page)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let unique = anchor;
    for (let copy = 1; anchors.has(unique); copy++) unique = `${anchor}-${copy}`;
    anchors.add(unique);
  }
  return anchors;
}

/** The lines outside fenced blocks. */
function proseOf(page: MarkdownPage): Span[] {
  const prose: Span[] = [];
  let fence = '';
  for (const [index, text] of page.text.split('\n').entries()) {
    const mark = FENCE.exec(text)?.[1] ?? '';
    if (fence !== '') {
      if (mark.startsWith(fence)) fence = '';
    } else if (mark !== '') fence = mark;
    else prose.push({ line: index + 1, text });
  }
  return prose;
}
