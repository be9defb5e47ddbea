/**
 * Words that turn a sentence round. Two sentences that differ in one of them are not alike, however few letters it has. Short on purpose: a word too many
 * costs a fuzzy match, one too few a wrong translation, so pairs of opposites that people book and cancel with are in it.
 */
const WORDS: Readonly<Record<string, string>> = {
  en: "no not never none nothing without with neither nor cannot can't don't doesn't didn't isn't aren't won't except cancel confirm accept reject refuse before after on off enable disable open close yes available unavailable possible impossible allowed forbidden more less arrive depart arrival departure",
  es: 'no nunca sin con ni nada ninguno ninguna salvo excepto cancelar confirmar aceptar rechazar antes después sí disponible más menos',
  fr: 'ne n pas jamais sans avec ni rien aucun aucune non oui sauf annuler confirmer accepter refuser avant après plus moins',
  de: 'nicht kein keine keinen keinem keiner nie ohne mit weder noch nichts nein ja außer stornieren bestätigen annehmen ablehnen vor nach mehr weniger an aus',
  it: 'non no mai senza con né niente nulla nessuno nessuna sì tranne annullare confermare prima dopo più meno',
  pt: 'não nunca sem com nem nada nenhum nenhuma sim exceto cancelar confirmar antes depois mais menos',
  nl: 'niet geen nooit zonder met noch niets nee ja behalve annuleren bevestigen voor na meer minder',
  ca: 'no mai sense amb ni res cap sí tret cancel·lar confirmar abans després més menys',
  ru: 'не нет никогда без с ни ничего да кроме отменить подтвердить до после больше меньше'
}
const OF = new Map(Object.entries(WORDS).map(([language, words]) => [language, new Set(words.split(' '))]))
/** Scripts without spaces: characters and short words that turn a sentence round, wherever they stand. */
const WITHIN: Readonly<Record<string, RegExp>> = {
  zh: /[不没沒无無非未别別勿莫有取消确認认前后後上下大小多少]/gu,
  ja: /ない|ません|ず|なし|無|不|非|未|あり|有|前|後|取消|キャンセル|確認/gu,
  ko: /안|않|못|없|있|아니|말|전|후|취소|확인/gu,
  th: /ไม่|ไร้|มี|ก่อน|หลัง|ยกเลิก|ยืนยัน/gu,
  ar: /(?<!\p{L})(?:لا|لم|لن|ليس|غير|بدون|مع|قبل|بعد)(?!\p{L})/gu
}
const PART = /[\p{L}\p{M}·'’]+|[?？]/gu

/** The words of a sentence that turn it round, in order, and its question marks: equal for sentences that may be taken for one another. */
export function turningWords(text: string, language: string): string {
  const base = language.split('-')[0] ?? ''
  const lower = text.toLowerCase().replaceAll('’', "'")
  const within = WITHIN[base]
  if (within !== undefined) return [...lower.matchAll(within), ...lower.matchAll(/[?？]/gu)].map(([found]) => found).join(' ')
  const words = OF.get(base)
  const found = (lower.match(PART) ?? []).flatMap((word) => (word === '?' || word === '？' ? ['?'] : word.split(/(?<=^n|^qu)'/u)))
  return found.filter((word) => word === '?' || words?.has(word) === true || word.endsWith("n't")).join(' ')
}

/** True for languages whose turning words are known. Sentences of others are never taken for one another unless they are the same. */
export function knowsNegation(language: string): boolean {
  const base = language.split('-')[0] ?? ''
  return OF.has(base) || WITHIN[base] !== undefined
}
