import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { HansaError } from '../../schema/errors.ts'
import { jsonArgument, type JsonDocument, oneOfArgument } from '../arguments.ts'
import type { Session } from '../context.ts'
import { define, type Frame, group } from '../define.ts'
import { readText } from '../read-text.ts'
import { showAge, showTime } from '../show.ts'
import { renderTable } from '../table.ts'
import { renderTask, TaskProgress } from '../task-progress.ts'

const STATES = ['pending', 'in progress', 'input required', 'completed', 'failed', 'canceled'] as const

/** task: what several agents do together (draft 2.4). */
export function addTask(program: Command, frame: Frame): void {
  const task = group(program, 'task', 'plan and perform what several agents do together')

  define(task, frame, {
    name: 'plan <file>',
    summary: 'show how a workflow or goal would be done, and do nothing',
    examples: ['task plan trip.yaml', 'task plan goal.yaml --mermaid', 'task plan goal.yaml --given \'{"destination":"Oslo"}\''],
    options: (command) => given(command).option('--mermaid', 'as a Mermaid flowchart'),
    async run(session, [file = ''], options) {
      const plan = await (await session.admin()).call('taskPlan', await workOf(session, file, options), session.signal)
      session.out.result(plan, ({ text, mermaid, explanation }) =>
        options['mermaid'] === true ? mermaid.trimEnd().split('\n') : [...text, ...explanation.map((sentence) => session.out.style('dim', sentence))]
      )
    }
  })

  define(task, frame, {
    name: 'run <file>',
    summary: 'plan and do it; watches until it has ended',
    examples: ['task run trip.yaml', 'task run goal.yaml --id oslo-2026 --detach', 'task run - < trip.yaml'],
    options: (command) =>
      given(command)
        .option('--id <id>', 'a name for it: the same again starts nothing new')
        .option('--watch', 'show how it goes until it has ended (the default)')
        .option('--detach', 'return as soon as it has begun'),
    async run(session, [file = ''], options) {
      const id = options['id'] as string | undefined
      const begun = await (await session.admin()).call('taskRun', { ...(await workOf(session, file, options)), id }, session.signal)
      if (options['detach'] !== true) return watch(session, begun.id)
      session.out.result(begun, (view) => [view.id])
      return 0
    }
  })

  define(task, frame, {
    name: 'list',
    summary: 'tasks of this node, newest first',
    examples: ['task list', "task list --state 'in progress'"],
    options: (command) => command.option('--state <state>', `one of ${STATES.join(', ')}`, oneOfArgument(...STATES)),
    async run(session, _, options) {
      const state = options['state'] as (typeof STATES)[number] | undefined
      const list = await (await session.admin()).call('taskList', state === undefined ? {} : { state }, session.signal)
      session.out.result(list, ({ tasks }) =>
        tasks.length === 0
          ? ['no tasks']
          : renderTable(
              ['TASK', 'STATE', 'STEPS', 'BEGUN', 'TOOK', 'NAME'],
              tasks.map(({ id, state: of, counts, createdAt, endedAt, name }) => [
                id,
                of,
                Object.entries(counts)
                  .map(([word, count]) => `${count} ${word}`)
                  .join(', '),
                showTime(createdAt),
                endedAt === undefined ? '-' : showAge(endedAt - createdAt),
                name
              ])
            )
      )
    }
  })

  define(task, frame, {
    name: 'show <id>',
    summary: 'one task with its steps, attempts and results',
    examples: ['task show oslo-2026', 'task show oslo-2026 --watch'],
    options: (command) => command.option('--watch', 'until it has ended'),
    async run(session, [id = ''], options) {
      if (options['watch'] === true) return watch(session, id)
      session.out.result(await (await session.admin()).call('taskShow', { id }, session.signal), (view) => renderTask(view, session.out))
      return 0
    }
  })

  for (const [name, operation, summary] of [
    ['cancel', 'taskCancel', 'cancel a task, at every agent that works on it'],
    ['resume', 'taskResume', 'let a task that failed go on with what failed']
  ] as const)
    define(task, frame, {
      name: `${name} <id>`,
      summary,
      examples: [`task ${name} oslo-2026`],
      async run(session, [id = '']) {
        session.out.result(await (await session.admin()).call(operation, { id }, session.signal), (view) => [`${view.id} ${view.state}`])
      }
    })

  define(task, frame, {
    name: 'answer <id> <step> [text]',
    summary: 'answer what the agent of a step asks',
    examples: ["task answer oslo-2026 seat 'by the window'", 'task answer oslo-2026 pay --data \'{"card":"token-1"}\''],
    options: (command) => command.option('--data <json>', 'a data part beside the text', jsonArgument),
    async run(session, [id = '', step = '', text], options) {
      const data = options['data'] as JsonDocument | undefined
      if (text === undefined && data === undefined)
        throw new HansaError('INVALID_ARGUMENT', 'there is nothing to say: give a text or --data', { argument: 'text' })
      session.out.result(await (await session.admin()).call('taskAnswer', { id, step, text, data }, session.signal), (view) => [`${view.id} ${view.state}`])
    }
  })

  define(task, frame, {
    name: 'file <sha256>',
    summary: 'a file that an agent has put out, to standard output or a file',
    examples: ['task file 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --output ticket.pdf'],
    options: (command) => command.option('--output <path>', 'where to write it'),
    async run(session, [sha256 = ''], options) {
      const file = await (await session.admin()).call('taskFile', { sha256 }, session.signal)
      const bytes = Buffer.from(file.base64, 'base64')
      const path = options['output'] as string | undefined
      if (path === undefined) {
        if (session.out.json) session.out.result(file, () => [])
        else session.stdout.write(bytes)
        return
      }
      try {
        await writeFile(path, bytes)
      } catch (cause) {
        throw new HansaError('INVALID_ARGUMENT', `cannot write the file ${path}`, { file: path }, cause)
      }
      session.out.result({ sha256, size: file.size, path }, () => [`${path} (${file.size} bytes)`])
    }
  })
}

function given(command: Command): Command {
  return command.option('--given <json>', 'facts beside those in the file, as a JSON object', jsonArgument)
}

async function workOf(session: Session, file: string, options: Record<string, unknown>) {
  const facts = options['given'] as JsonDocument | undefined
  if (facts !== undefined && (typeof facts !== 'object' || facts === null || Array.isArray(facts)))
    throw new HansaError('INVALID_ARGUMENT', '--given wants a JSON object', { argument: 'given' })
  return { source: await readText(session, file), file: file === '-' ? 'standard input' : file, given: facts }
}

/** Until it has ended; 1 when not all went well. */
async function watch(session: Session, id: string): Promise<number> {
  const progress = new TaskProgress(session.out)
  let state = 'pending'
  for await (const view of (await session.admin()).stream('taskWatch', { id }, session.signal)) {
    state = view.state
    progress.show(view)
  }
  progress.end()
  return state === 'completed' ? 0 : 1
}
