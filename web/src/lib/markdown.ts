/** Markdown as HTML that can do nothing: no script, no style, no form, nothing that loads from elsewhere. */
import DOMPurify from "dompurify";
import { marked } from "marked";
import type { Attachment } from "svelte/attachments";

const TAGS = [
  ..."a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre s strong".split(" "),
  ..."table tbody td th thead tr ul".split(" "),
];

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  // Where a link leads is not told where it was.
  node.setAttribute("rel", "noopener noreferrer nofollow");
  node.setAttribute("target", "_blank");
});

export function markdown(source: string): DocumentFragment {
  const html = marked.parse(source, { async: false, gfm: true, breaks: true });
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "title"],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel):/i,
    RETURN_DOM_FRAGMENT: true,
  });
}

/** Fills an element with it: as nodes, since the page's policy takes no HTML from strings. */
export function show(source: string): Attachment<HTMLElement> {
  return (node) => node.replaceChildren(markdown(source));
}
