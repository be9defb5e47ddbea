/** One sentence in two languages. Numbers are slots: a unit written with 2 serves for any number. */
export type Unit = readonly [en: string, zh: string]

/** What the gateway of the demo's south can say between English and Chinese; nothing else is translated by it. */
export const BOOKING: readonly Unit[] = [
  ['a twin room', '一间双床房'],
  ['Book a twin room for 2 nights', '预订一间双床房，2晚'],
  ['Book a double room for 2 nights', '预订一间大床房，2晚'],
  ['I have booked a twin room for you.', '已为您预订一间双床房。'],
  ['I have booked a twin room for you, 2 nights in all.', '已为您预订一间双床房，共2晚。'],
  ['I have booked a double room for you, 2 nights in all.', '已为您预订一间大床房，共2晚。'],
  ['Sorry, I do not understand.', '对不起，我听不懂。']
]

/** A translation memory as translators exchange it (TMX 1.4b). */
export function tmx(units: readonly Unit[]): string {
  const tuv = (language: string, text: string): string => `<tuv xml:lang="${language}"><seg>${escape(text)}</seg></tuv>`
  const body = units.map(([en, zh]) => `    <tu>${tuv('en', en)}${tuv('zh', zh)}</tu>`).join('\n')
  const header =
    '<header creationtool="hansa-demo" creationtoolversion="1" segtype="sentence" o-tmf="none" adminlang="en" srclang="*all*" datatype="plaintext"/>'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n  ${header}\n  <body>\n${body}\n  </body>\n</tmx>\n`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
