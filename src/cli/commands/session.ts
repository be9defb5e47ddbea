import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { AdminAnswer } from '../../admin/client.ts'
import { HansaError } from '../../schema/errors.ts'
import { countArgument, oneOfArgument } from '../arguments.ts'
import { define, type Frame, group } from '../define.ts'
import type { Output } from '../output.ts'
import { showMs, showTime } from '../show.ts'
import { renderTable } from '../table.ts'

/** As much as a node reads of another party's export. */
const MAX_EXPORT_BYTES = 31_000_000

/** What was said, by whom, and whether it is still what was said (draft 2.4). */
export function addSession(program: Command, frame: Frame): void {
  const session = group(program, 'session', 'what was said in each conversation')

  define(session, frame, {
    name: 'list',
    summary: 'conversations of this node, newest first',
    examples: ['session list', "session list --text 'Oslo hotel' --peer hotel@south.example"],
    options: (command) =>
      command
        .option('--text <words>', 'only those in which all these words were said')
        .option('--peer <party>', 'only those with this party: a handle, a SPIFFE ID or a piece of one')
        .option('--limit <count>', 'at most so many', countArgument(1000), 50),
    async run(run, _args, options) {
      const found = await (
        await run.admin()
      ).call('sessionList', { ...text('text', options['text']), ...text('peer', options['peer']), limit: String(options['limit']) }, run.signal)
      run.out.result(found, ({ sessions, complete }) => [
        ...renderTable(
          ['SESSION', 'WITH', 'LAST', 'ENTRIES', 'BEGAN WITH'],
          sessions.map(({ id, peer, updatedAt, entries, title }) => [id, peer, showTime(updatedAt), String(entries), title || '-'])
        ),
        ...(sessions.length === 0 ? ['no conversations'] : []),
        ...(complete ? [] : [run.out.style('yellow', 'there is more to search; narrow it down with --peer')])
      ])
    }
  })

  define(session, frame, {
    name: 'show <id>',
    summary: 'who said what in a conversation, the last of it',
    examples: ['session show 3f0c9a52-6d0e-4c7e-9a55-0d5f4f1b2c3d --limit 20'],
    options: (command) =>
      command
        .option('--limit <count>', 'at most so many entries', countArgument(1000), 100)
        .option('--from <sequence>', 'from this entry on', countArgument(1e9)),
    async run(run, [id = ''], options) {
      const from = options['from'] as number | undefined
      const view = await (
        await run.admin()
      ).call('sessionShow', { id, limit: String(options['limit']), ...(from === undefined ? {} : { from: String(from) }) }, run.signal)
      run.out.result(view, (shown) => renderSession(shown, run.out))
    }
  })

  define(session, frame, {
    name: 'export <id>',
    summary: 'a conversation as JSON Lines, which another party can verify and compare, or as Markdown',
    examples: [
      'session export 3f0c9a52-6d0e-4c7e-9a55-0d5f4f1b2c3d --output log.jsonl',
      'session export 3f0c9a52-6d0e-4c7e-9a55-0d5f4f1b2c3d --format markdown'
    ],
    options: (command) =>
      command
        .option('--format <jsonl|markdown>', 'for machines or for people', oneOfArgument('jsonl', 'markdown'), 'jsonl')
        .option('--output <file>', 'write it there, not to the screen; the file must not be there yet'),
    async run(run, [id = ''], options) {
      const format = options['format'] === 'markdown' ? 'markdown' : 'jsonl'
      const lines = (await run.admin()).stream('sessionExport', { id, format }, run.signal)
      const path = options['output'] as string | undefined
      if (path === undefined) {
        // An export is a document already: the same with --json, where each line is one.
        for await (const { line } of lines) run.stdout.write(line + '\n')
        return
      }
      const written = await writeLines(path, lines)
      run.out.result({ session: id, file: path, lines: written }, () => [`${written} lines in ${path}`])
    }
  })

  define(session, frame, {
    name: 'verify <id>',
    summary: 'whether a conversation is as it was recorded (exit code 1 when not)',
    examples: ['session verify 3f0c9a52-6d0e-4c7e-9a55-0d5f4f1b2c3d'],
    async run(run, [id = '']) {
      const found = await (await run.admin()).call('sessionVerify', { id }, run.signal)
      run.out.result(found, ({ ok, entries, head, firstBroken }) => [
        ok
          ? `${run.out.style('green', 'unchanged')}: ${entries} entries up to ${head}`
          : `${run.out.style('red', 'changed')}: entry ${firstBroken ?? ''} is not as it was recorded, or is missing`
      ])
      return found.ok ? 0 : 1
    }
  })

  define(session, frame, {
    name: 'compare <id> <file>',
    summary: "a conversation beside the other party's export (exit code 1 when they differ)",
    examples: ['session compare 3f0c9a52-6d0e-4c7e-9a55-0d5f4f1b2c3d theirs.jsonl'],
    async run(run, [id = '', file = '']) {
      const found = await (await run.admin()).call('sessionCompare', { id, other: await readExport(file) }, run.signal)
      run.out.result(found, (comparison) => renderComparison(comparison, run.out))
      return found.same && found.otherOk ? 0 : 1
    }
  })

  define(session, frame, {
    name: 'delete <id>',
    summary: 'forget a conversation; the other party keeps its own record',
    examples: ['session delete 3f0c9a52-6d0e-4c7e-9a55-0d5f4f1b2c3d'],
    async run(run, [id = '']) {
      const gone = await (await run.admin()).call('sessionDelete', { id }, run.signal)
      run.out.result(gone, (deleted) => [`deleted ${deleted.id}`])
    }
  })
}

function text(name: 'text' | 'peer', value: unknown): Record<string, string> {
  return typeof value === 'string' ? { [name]: value } : {}
}

function renderSession({ session, entries }: AdminAnswer<'sessionShow'>, out: Output): string[] {
  const { id, peer, createdAt, updatedAt, dropped } = session
  return [
    `session ${id} with ${peer}, ${showTime(createdAt)} to ${showTime(updatedAt)}, ${session.entries} entries`,
    ...(dropped > 0 ? [out.style('dim', `${dropped} older ones are not kept`)] : []),
    ...entries.flatMap((entry) => [
      '',
      out.style('bold', headOf(entry)),
      ...linesOf(entry).map((line) => `  ${line}`),
      ...notesOf(entry).map((note) => out.style('dim', `  ${note}`))
    ])
  ]
}

type Entry = AdminAnswer<'sessionShow'>['entries'][number]

function headOf({ sequence, at, from, to, kind, state }: Entry): string {
  return `${sequence}  ${showTime(at)}  ${from} to ${to}  ${kind}${state === undefined ? '' : ` ${state.replace('TASK_STATE_', '').toLowerCase()}`}`
}

function linesOf({ text: said }: Entry): string[] {
  return said === '' ? [] : said.split('\n')
}

function notesOf({ language, translations, hops }: Entry): string[] {
  return [
    ...(language === undefined ? [] : [`language ${language}`]),
    ...translations.map(({ from, to, engine, gateway }) => `translated ${from} to ${to} by ${engine} at ${gateway}`),
    ...(hops.length === 0 ? [] : [`via ${hops.map(({ gateway, ms }) => (ms > 0 ? `${gateway} (${showMs(ms)})` : gateway)).join(', ')}`])
  ]
}

function renderComparison({ same, matched, onlyHere, onlyThere, translated, otherOk }: AdminAnswer<'sessionCompare'>, out: Output): string[] {
  const list = (what: string, sequences: readonly number[]): string[] => (sequences.length === 0 ? [] : [`${what}: ${sequences.join(', ')}`])
  return [
    same ? `${out.style('green', 'the same')}: ${matched} entries match` : `${out.style('red', 'not the same')}: ${matched} entries match`,
    ...list('other words, because translated on the way', translated),
    ...list('only here', onlyHere),
    ...list('only there', onlyThere),
    ...(otherOk ? [] : [out.style('red', "the other party's log was changed after it was recorded")])
  ]
}

async function writeLines(path: string, lines: AsyncIterable<{ readonly line: string }>): Promise<number> {
  let written = 0
  let file: FileHandle | undefined
  try {
    for await (const { line } of lines) {
      // Only when there is something to write. What people said is for their eyes alone.
      file ??= await create(path)
      await file.write(line + '\n')
      written++
    }
  } finally {
    await file?.close()
  }
  return written
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', `cannot make the file ${path}; is it there already?`, { argument: 'output' }, cause)
  }
}

async function readExport(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > MAX_EXPORT_BYTES) throw new HansaError('FRAME_TOO_LARGE', `${path} has ${size} bytes`, { bound: MAX_EXPORT_BYTES })
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof HansaError) throw cause
    throw new HansaError('NOT_FOUND', `cannot read the file ${path}`, { file: path }, cause)
  }
}
