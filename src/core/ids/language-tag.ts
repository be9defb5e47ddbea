/** The shape of a BCP 47 tag (RFC 5646 2.1): a language of 2 to 8 letters and up to 7 subtags. Whether the subtags are registered is not asked. */
const TAG = /^[a-z]{2,8}(-[a-z0-9]{1,8}){0,7}$/i

export function isLanguage(text: string): boolean {
  return text.length <= 35 && TAG.test(text)
}

/** True when somebody who asks for `wanted` is served by `offered`: basic filtering, RFC 4647 3.3.1. */
export function coversLanguage(wanted: string, offered: string): boolean {
  const [range, tag] = [wanted.toLowerCase(), offered.toLowerCase()]
  return tag === range || tag.startsWith(range + '-')
}
