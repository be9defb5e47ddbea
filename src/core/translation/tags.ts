import { coversLanguage } from '../ids/language-tag.ts'

/** One direction: BCP 47 tags. */
export interface Pair {
  readonly from: string
  readonly to: string
}

/** The canonical form of a tag: eng is en, ZH-hans is zh-Hans. Undefined for what is no tag. */
export function canonicalTag(tag: string): string | undefined {
  if (tag.length > 35) return undefined
  try {
    return new Intl.Locale(tag.replaceAll('_', '-')).baseName
  } catch {
    return undefined
  }
}

/**
 * How far an offered tag is from the wanted one: 0 the same, 1 a prefix of it (en for en-GB), 2 another region of the same language in the same script
 * (en-US for en-GB, zh-CN for zh-Hans). Undefined: not the same written language (zh-TW for zh-Hans). Whoever reads one of them reads the other.
 */
export function tagDistance(wanted: string, offered: string): number | undefined {
  const [a, b] = [canonicalTag(wanted), canonicalTag(offered)]
  if (a === undefined || b === undefined) return undefined
  if (a === b) return 0
  const [full, other] = [new Intl.Locale(a).maximize(), new Intl.Locale(b).maximize()]
  if (full.language !== other.language || full.script !== other.script) return undefined
  return a.startsWith(`${b}-`) ? 1 : 2
}

/** True when who reads one reads the other. A tag that names no script (zh, as an identifier says it) is any of its language. */
export function sameReader(a: string, b: string): boolean {
  return coversLanguage(a, b) || coversLanguage(b, a) || tagDistance(a, b) !== undefined
}

/** The offered pairs that serve a wanted one, closest first. */
export function matchingPairs<P extends Pair>(wanted: Pair, offered: readonly P[]): readonly P[] {
  return offered
    .flatMap((pair) => {
      const [from, to] = [tagDistance(wanted.from, pair.from), tagDistance(wanted.to, pair.to)]
      return from === undefined || to === undefined ? [] : [{ pair, far: from + to }]
    })
    .sort((a, b) => a.far - b.far)
    .map(({ pair }) => pair)
}

/** As it is told to others and written in the configuration: en>es. */
export function pairName(pair: Pair): string {
  return `${pair.from}>${pair.to}`
}

/** Reads en>es; undefined when it is no pair. */
export function parsePair(text: string): Pair | undefined {
  const [from = '', to = '', ...more] = text.split('>')
  const [a, b] = [canonicalTag(from), canonicalTag(to)]
  return a === undefined || b === undefined || more.length > 0 ? undefined : { from: a, to: b }
}
