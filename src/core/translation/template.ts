import type { Marked } from './protect.ts'
import type { Span } from './span.ts'

/** Stands for a slot in a key; a control character, which no text that people write holds. */
export const SLOT = '\u0001'

/**
 * The form by which sentences are the same: Unicode NFC, lower case, runs of white space as one blank, no full stop at the end. A question mark stays: it makes
 * another sentence. Slots keep their places, not their values.
 */
export function templateKey(marked: Marked): string {
  return normal(marked.words.map((word) => word.replaceAll(SLOT, ' ')).join(SLOT))
}

/** The same with the values of the slots, case kept in them. */
export function literalKey(marked: Marked): string {
  return `${templateKey(marked)}\u0002${marked.spans.map(({ text }) => text).join('\u0002')}`
}

function normal(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/[.!。！…]+$/u, '')
    .trimEnd()
}

type Slot = Pick<Span, 'kind' | 'text'>

/**
 * How well the slots of a sentence fit those of a unit: 1 as well as its own; 0.95 where a count of one stands for another count or the other way round
 * (a noun beside it may be in the wrong number); undefined where a slot is of another kind. A placeholder of the unit takes anything.
 */
export function slotFit(unit: readonly Slot[], asked: readonly Slot[]): number | undefined {
  if (unit.length !== asked.length) return undefined
  let fit = 1
  for (const [index, slot] of unit.entries()) {
    const other = asked[index]
    if (other === undefined || (slot.kind !== other.kind && slot.kind !== 'placeholder')) return undefined
    if (slot.kind === 'placeholder' && other.kind === 'placeholder' && slot.text !== other.text && !/^\{\w*\}$/.test(slot.text)) fit = Math.min(fit, 0.95)
    if (slot.kind === 'number' && (slot.text === '1') !== (other.text === '1')) fit = 0.95
  }
  return fit
}

/**
 * For each slot of the target, which slot of the source has its value. Undefined where that is not certain: the two sides do not hold the same values, or
 * hold one of them twice. Such a unit is only used with its own values.
 */
export function slotOrder(source: readonly Slot[], target: readonly Slot[]): readonly number[] | undefined {
  if (source.length !== target.length) return undefined
  const values = source.map(({ text }) => text)
  if (new Set(values).size !== values.length) return undefined
  const order = target.map(({ text }) => values.indexOf(text))
  return new Set(order).size === order.length && !order.includes(-1) ? order : undefined
}
