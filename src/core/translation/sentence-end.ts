/** Ends of sentences that can be told without what follows: a full stop needs a space after it, since 3.14 and e.g. have one inside. */
const END = /[.!?…]["'”’)\]]*\s+|[。！？]["”’」』）]*|\n+/g

/** Where the last whole sentence of a text that still grows ends, in UTF-16 units; 0 when there is none yet. */
export function sentenceEnd(text: string): number {
  let end = 0
  for (const match of text.matchAll(END)) end = match.index + match[0].length
  return end
}
