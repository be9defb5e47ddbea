import { isLanguage } from '../../core/ids/language-tag.ts'

/** Longest header that is looked at; a browser sends 50 characters. */
const MAX_HEADER = 1_000

/** The language that a client wants most: the tag of Accept-Language with the highest weight, the first of equals; `*` says nothing (RFC 9110 12.5.4). */
export function wantedLanguage(acceptLanguage: string | undefined): string | undefined {
  let best: { readonly tag: string; readonly weight: number } | undefined
  for (const entry of (acceptLanguage ?? '').slice(0, MAX_HEADER).split(',')) {
    const [tag = '', ...parameters] = entry.split(';').map((piece) => piece.trim())
    const q = parameters.find((parameter) => /^q=/i.test(parameter))
    const weight = q === undefined ? 1 : /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/i.test(q) ? Number(q.slice(2)) : 0
    if (isLanguage(tag) && weight > 0 && weight > (best?.weight ?? 0)) best = { tag, weight }
  }
  return best?.tag
}

/** The language of a message: the first tag of Content-Language (RFC 9110 8.5). */
export function declaredLanguage(contentLanguage: string | undefined): string | undefined {
  const tag = (contentLanguage ?? '').slice(0, MAX_HEADER).split(',')[0]?.trim() ?? ''
  return isLanguage(tag) ? tag : undefined
}
