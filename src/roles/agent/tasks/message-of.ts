import { fromJson, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { hex } from '../../../core/ids/hex.ts'
import type { Known } from '../../../core/task/reference.ts'
import { stepMessage } from '../../../core/task/step-message.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { OutputFile, TaskStep } from '../../../schema/generated/hansa/v1/task_pb.ts'
import { type MessageSchema, type PartSchema, Role } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { FileShelf } from './file-shelf.ts'

type Part = MessageInitShape<typeof PartSchema>

/** What a step says to its agent, as A2A has it: the same bytes each time, for agents compare them. Throws NOT_FOUND for a file that is gone. */
export function messageOf(
  step: TaskStep,
  known: Known,
  names: { readonly messageId: string; readonly contextId: string },
  files: FileShelf
): MessageInitShape<typeof MessageSchema> {
  const { text, data, files: attached } = stepMessage(step, known)
  const value: Part[] = data === undefined ? [] : [{ content: { case: 'data', value: fromJson(ValueSchema, data) }, mediaType: 'application/json' }]
  return { ...names, role: Role.USER, parts: [{ content: { case: 'text', value: text } }, ...value, ...attached.map((file) => filePart(file, files))] }
}

function filePart({ name, mediaType, sha256, url }: OutputFile, files: FileShelf): Part {
  if (url !== '') return { content: { case: 'url', value: url }, filename: name, mediaType }
  const bytes = files.get(hex(sha256))
  if (bytes === undefined) throw new HansaError('NOT_FOUND', `the file ${name} of an earlier step is not there any more`)
  return { content: { case: 'raw', value: bytes }, filename: name, mediaType }
}
