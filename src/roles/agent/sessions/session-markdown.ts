import { enumToJson } from '@bufbuild/protobuf'
import type { Session, SessionEntry } from '../../../schema/generated/hansa/v1/session_pb.ts'
import { TaskState, TaskStateSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { entryWords } from '../../../core/session/entry-words.ts'

/** The head of a session's export for people. */
export function markdownHead({ id, peer, createdAt, updatedAt, entries, dropped }: Session): string[] {
  return [
    `# Session ${escape(id)}`,
    '',
    `With ${escape(peer)}, ${time(createdAt)} to ${time(updatedAt)}, ${entries} entries${dropped > 0n ? ` (${dropped} older ones are not kept)` : ''}.`,
    ''
  ]
}

/** One entry: who said what to whom, when, and how it came. Nothing that was said can pass for markup. */
export function markdownEntry(entry: SessionEntry): string[] {
  const { sequence, at, from, to, content, language, translations, hops } = entry
  const said = entryWords(content)
  const rest = others(entry)
  const notes = [
    ...(language === '' ? [] : [`language ${escape(language)}`]),
    ...translations.map((each) => `translated ${escape(each.from)} to ${escape(each.to)} by ${escape(each.engine)} at ${escape(each.gateway)}`),
    ...(hops.length === 0 ? [] : [`via ${hops.map(({ gateway }) => escape(gateway)).join(', ')}`])
  ]
  return [
    `## ${sequence}. ${escape(from)} to ${escape(to)}`,
    '',
    `${time(at)}, ${what(entry)}${notes.map((note) => `; ${note}`).join('')}`,
    '',
    ...(said === '' ? [] : [...said.split(/\r\n|[\r\n\u2028\u2029]/).map((line) => `> ${escape(line)}`), '']),
    ...(rest.length === 0 ? [] : [...rest.map((line) => `* ${escape(line)}`), ''])
  ]
}

function what({ content }: SessionEntry): string {
  switch (content.case) {
    case 'message':
      return 'message'
    case 'task':
      return `task ${escape(content.value.id)}${state(content.value.status?.state)}`
    case 'status':
      return `status of task ${escape(content.value.taskId)}${state(content.value.status?.state)}`
    case 'artifact':
      return `artifact ${escape(content.value.artifact?.artifactId ?? '')} of task ${escape(content.value.taskId)}`
    case undefined:
      return 'nothing'
  }
}

function state(of: TaskState = TaskState.UNSPECIFIED): string {
  return of === TaskState.UNSPECIFIED ? '' : ` (${String(enumToJson(TaskStateSchema, of) ?? of)})`
}

/** Parts that are no words, one line each. */
function others({ content }: SessionEntry): string[] {
  const parts =
    content.case === 'message'
      ? content.value.parts
      : content.case === 'task'
        ? content.value.artifacts.flatMap((artifact) => artifact.parts)
        : content.case === 'artifact'
          ? (content.value.artifact?.parts ?? [])
          : []
  return parts.flatMap((part) => {
    const name = part.filename === '' ? '' : ` ${part.filename}`
    if (part.content.case === 'raw') return [`file${name}, ${part.content.value.length} bytes`]
    if (part.content.case === 'url') return [`link${name} ${part.content.value}`]
    return part.content.case === 'data' ? ['data'] : []
  })
}

function time(at: bigint): string {
  const date = new Date(Number(at))
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString()
}

/** Control characters away, and a backslash before all that means something in Markdown; dots, dashes and digits only where a line begins with them. */
function escape(text: string): string {
  return text
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/[\\`*_{}[\]<>()#!|~&]/g, '\\$&')
    .replace(/^(\s*\d*)([-+=.])/, '$1\\$2')
}
