const segmenter = new Intl.Segmenter()
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}])/u
const INVISIBLE = /^[\p{M}\p{Cf}]+$/u

/** Columns that a terminal gives a text: two for CJK and emoji (Unicode UAX 11), none for marks. */
export function textWidth(text: string): number {
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += INVISIBLE.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1
  return width
}

/** At most `max` columns, the last one an ellipsis when something was cut. */
export function fitText(text: string, max: number): string {
  if (textWidth(text) <= max) return text
  let width = 0
  let kept = ''
  for (const { segment } of segmenter.segment(text)) {
    width += textWidth(segment)
    if (width > max - 1) break
    kept += segment
  }
  return kept + '…'
}
