/** Words that turn a sentence round. Two sentences that differ in one of them are nearly the same to an editor and the opposite to a reader. */
const NEGATIONS: ReadonlySet<string> = new Set(
  [
    [
      'no',
      'not',
      'never',
      'none',
      'nothing',
      'without',
      'with',
      'cannot',
      "can't",
      "don't",
      "doesn't",
      "won't",
      "isn't",
      'cancel',
      'except',
      'before',
      'after'
    ],
    ['sin', 'con', 'nunca', 'ningún', 'ninguna', 'nada', 'cancelar'],
    ['sans', 'avec', 'pas', 'jamais', 'aucun', 'aucune', 'annuler', 'ne'],
    ['ohne', 'mit', 'nicht', 'kein', 'keine', 'keinen', 'nie', 'stornieren'],
    ['senza', 'non', 'mai', 'sem', 'com', 'não']
  ].flat()
)

/** The same in scripts without spaces. */
const SIGNS = ['不', '没', '無', '无', '非', '未', '別', '别', 'ない', 'なし', '않', '안 ']

/** True when one text has a word of negation that the other has not. */
export function differsInNegation(a: string, b: string): boolean {
  const count = (text: string): string => {
    const found = text.split(/[^\p{L}']+/u).filter((word) => NEGATIONS.has(word))
    return [...found.sort(), ...SIGNS.map((sign) => text.split(sign).length - 1)].join()
  }
  return count(a) !== count(b)
}
