import type { Step, Teller } from './story.ts'

/** One JSON document per step. */
export function jsonTeller(write: (line: string) => void): Teller {
  return { chapter: () => undefined, told: (step) => write(JSON.stringify(step)) }
}

/** A story for people: what was done, what did not work before, what was seen, and when. */
export function plainTeller(write: (line: string) => void, colour: boolean): Teller {
  const start = performance.now()
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    chapter: (text) => write(`\n${paint(1, text)}`),
    told(step: Step) {
      const at = ((performance.now() - start) / 1000).toFixed(1).padStart(5)
      write(`${paint(2, `${at} s`)}  ${step.ok ? paint(32, 'held') : paint(31, 'FAILED')}  ${step.step} ${paint(2, `(${step.ms} ms)`)}`)
      if (step.control !== '') write(`         before: ${step.control}`)
      write(`         now:    ${step.saw}`)
    }
  }
}
