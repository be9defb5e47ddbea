import type { AdminAnswer } from '../admin/client.ts'
import type { Output, Style } from './output.ts'
import { showAge, showTime } from './show.ts'

type View = AdminAnswer<'taskShow'>
type Step = View['steps'][number]

const STYLES: Readonly<Record<Step['state'], Style>> = {
  pending: 'dim',
  'in progress': 'cyan',
  'input required': 'yellow',
  completed: 'green',
  failed: 'red',
  canceled: 'yellow',
  skipped: 'dim'
}

/** A task as it goes on: a line for each thing that is new, so that it reads well in a terminal and in a log; with --json each snapshot. */
export class TaskProgress {
  readonly #out: Output
  readonly #told = new Map<string, string>()
  #last: View | undefined

  constructor(out: Output) {
    this.#out = out
  }

  show(view: View): void {
    this.#last = view
    this.#out.result(view, (shown) => shown.steps.flatMap((step) => this.#news(step, shown.id)))
  }

  /** What came of it. */
  end(): void {
    if (this.#last !== undefined && !this.#out.json) this.#out.result(this.#last, (view) => outcome(view, this.#out))
  }

  #news(step: Step, id: string): string[] {
    const line = newsOf(step, id)
    const before = this.#told.get(step.id)
    this.#told.set(step.id, line)
    return line === before || (before === undefined && step.state === 'pending' && step.attempts.length === 0) ? [] : [styled(step.state, line, this.#out)]
  }
}

/** All of a task. */
export function renderTask(view: View, out: Output): string[] {
  return [
    `${view.id}${view.name === '' ? '' : ` (${view.name})`}: ${view.state}, begun ${showTime(view.createdAt)}${view.endedAt === undefined ? '' : `, took ${showAge(view.endedAt - view.createdAt)}`}`,
    `session ${view.session}, planned by ${view.planner}`,
    ...view.steps.flatMap((step) => [
      styled(step.state, newsOf(step, view.id), out),
      ...step.attempts.flatMap(({ number, agent, failure }) =>
        failure === undefined ? [] : [out.style('dim', `    try ${number}${agent === '' ? '' : ` at ${agent}`}: ${failure.message} (${failure.code})`)]
      ),
      ...step.files.map(({ name, sha256, url, size }) => `    ${name || 'file'}: ${url ?? `${sha256 ?? ''} (${size ?? 0} bytes)`}`)
    ]),
    ...outcome(view, out)
  ]
}

function newsOf({ id, state, attempts, progress, question, failure, text }: Step, task: string): string {
  const agent = attempts.findLast((attempt) => attempt.agent !== '')?.agent
  const who = agent === undefined ? '' : ` ${agent}`
  switch (state) {
    case 'input required':
      return `${id}:${who} asks: ${question ?? ''}  (hansa task answer ${task} ${id} TEXT)`
    case 'in progress':
      return `${id}:${who} ${progress === undefined ? 'works' : `works: ${oneLine(progress)}`}`
    case 'pending': {
      const last = attempts.at(-1)
      return `${id}: ${last?.failure === undefined ? 'waits' : `tries again, for ${last.agent || 'nobody'} came to nothing: ${last.failure.message}`}`
    }
    case 'completed':
      return `${id}:${who} completed${text === undefined ? '' : `: ${oneLine(text)}`}`
    default:
      return `${id}:${who} ${state}${failure === undefined ? '' : `: ${failure.message} (${failure.code})`}`
  }
}

function outcome({ state, failure, results }: View, out: Output): string[] {
  return [
    out.style(STYLES[state], failure === undefined ? state : `${state}: ${failure.message} (${failure.code})`),
    ...(failure === undefined ? [] : [`  ${failure.hint}`]),
    ...Object.entries(results).map(([name, value]) => `${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  ]
}

function styled(state: Step['state'], line: string, out: Output): string {
  return out.style(STYLES[state], line)
}

/** The beginning, in one line. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}
