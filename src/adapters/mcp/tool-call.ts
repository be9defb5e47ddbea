import { type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../schema/errors.ts'
import type { Message } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { McpTool } from './mcp-tool.ts'

/** A message as the call of a tool. */
export interface ToolCall {
  readonly tool: McpTool
  readonly arguments: JsonObject
}

/** Members of a message's metadata that may name the tool. */
const NAMING = ['tool', 'skill', 'skillId'] as const

/** Schemas that are shown to somebody who asked wrongly, in characters; an error is no place for a whole manual. */
const MAX_SHOWN = 2_000

/**
 * Reads which tool a message calls, and with what:
 * 1. a data part `{ "tool": NAME, "arguments": { ... } }` says both (a text that is such a document, too);
 * 2. a data part of another shape is the arguments, of the tool that the metadata of the message names (`tool`, `skill` or `skillId`), of the only tool, or of
 *    the only tool whose schema the names of its members fit;
 * 3. a text alone is the one text that the named or only tool wants;
 * 4. of a named or only tool that needs nothing, any text is a call.
 *
 * Throws INVALID_ARGUMENT that lists the tools, or the schema of the one that was meant.
 */
export function toolCallOf(message: Message, tools: readonly McpTool[]): ToolCall {
  const data = dataOf(message)
  const text = message.parts.flatMap(({ content }) => (content.case === 'text' ? [content.value] : [])).join('\n')
  const said = data ?? objectIn(text)
  if (typeof said?.['tool'] === 'string' && Object.keys(said).every((key) => key === 'tool' || key === 'arguments')) {
    const given = said['arguments'] ?? {}
    if (!isObject(given)) throw new HansaError('INVALID_ARGUMENT', `the arguments of ${quoted(said['tool'])} are no object`, { argument: 'arguments' })
    return checked(find(said['tool'], tools), given)
  }
  const named = nameIn(message.metadata)
  const tool = named !== undefined ? find(named, tools) : tools.length === 1 ? tools[0] : undefined
  if (said !== undefined) return checked(tool ?? onlyFit(said, tools), said)
  if (tool === undefined) throw unclear('the message names no tool', tools)
  if (text.trim() !== '' && wanted(tool).length === 1) return checked(tool, { [String(wanted(tool)[0])]: text })
  return checked(tool, {})
}

/** The texts that a text alone may be: the required one, or the only one where none is required. */
function wanted({ input }: McpTool): readonly string[] {
  if (input.required.length > 0) return input.required.filter((name) => input.required.length === 1 && input.texts.includes(name))
  return input.texts.length === 1 ? input.texts : []
}

function find(name: string, tools: readonly McpTool[]): McpTool {
  const tool = tools.find((one) => one.name === name)
  if (tool === undefined) throw unclear(`there is no tool ${quoted(name)}`, tools)
  return tool
}

/** What a planned step sends names no tool; its facts say which one it means. */
function onlyFit(given: JsonObject, tools: readonly McpTool[]): McpTool {
  const names = Object.keys(given)
  const fit = tools.filter(({ input }) => names.every((name) => input.properties.includes(name)) && input.required.every((name) => names.includes(name)))
  const [tool] = fit
  if (names.length === 0 || tool === undefined || fit.length > 1)
    throw unclear(fit.length > 1 && names.length > 0 ? `the data fits ${fit.length} tools` : 'the message names no tool, and its data fits none', tools)
  return tool
}

function checked(tool: McpTool, given: JsonObject): ToolCall {
  const missing = tool.input.required.filter((name) => given[name] === undefined)
  if (missing.length > 0)
    throw new HansaError(
      'INVALID_ARGUMENT',
      `${tool.name} needs ${missing.join(', ')}; its arguments are ${JSON.stringify(tool.input.json).slice(0, MAX_SHOWN)}`,
      {
        argument: missing.join(', ')
      }
    )
  return { tool, arguments: given }
}

function unclear(why: string, tools: readonly McpTool[]): HansaError {
  let list = ''
  for (const { name, input } of tools) {
    const entry = `\n${name} ${JSON.stringify(input.json)}`
    // The name at least, where the schema has no room.
    list += list.length + entry.length <= MAX_SHOWN ? entry : list.length + name.length <= 2 * MAX_SHOWN ? `\n${name}` : ''
  }
  return new HansaError(
    'INVALID_ARGUMENT',
    `${why}; send a data part { "tool": NAME, "arguments": { ... } } with one of these tools and their arguments:${list === '' ? ' there are none' : list}`,
    { argument: 'tool' }
  )
}

function dataOf({ parts }: Message): JsonObject | undefined {
  const values = parts.flatMap(({ content }) => (content.case === 'data' ? [toJson(ValueSchema, content.value)] : []))
  if (values.length === 0) return undefined
  const objects = values.filter(isObject)
  if (objects.length !== values.length)
    throw new HansaError('INVALID_ARGUMENT', 'a data part that is no object cannot be the arguments of a tool', { argument: 'data' })
  return Object.assign({}, ...objects) as JsonObject
}

function objectIn(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const value = JSON.parse(text) as JsonValue
    return isObject(value) && typeof value['tool'] === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function nameIn(metadata: JsonObject | undefined): string | undefined {
  for (const key of NAMING) {
    const name = metadata?.[key]
    if (typeof name === 'string') return name
  }
  return undefined
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 80))
}
