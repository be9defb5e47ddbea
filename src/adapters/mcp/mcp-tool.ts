import type { JsonObject, JsonValue } from '@bufbuild/protobuf'

/** A tool of an MCP server, bounded: what a server says of itself is a stranger's word. */
export interface McpTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: ToolSchema
  readonly output?: ToolSchema
}

/** A JSON Schema of an object, as far as it is understood here. */
export interface ToolSchema {
  /** The schema as it came. */
  readonly json: JsonObject
  readonly properties: readonly string[]
  readonly required: readonly string[]
  /** Properties that are texts. */
  readonly texts: readonly string[]
}

/** As the SDK gives them. */
export interface ListedTool {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly inputSchema: unknown
  readonly outputSchema?: unknown
}

/** A server that has more is no longer one agent. */
const MAX_TOOLS = 256
const MAX_NAME = 128
const MAX_DESCRIPTION = 2_000
/** Of one schema, as text. */
const MAX_SCHEMA = 64 * 1024

/** Those tools that have a usable name and schema, in the server's order, each name once. */
export function readTools(listed: readonly ListedTool[]): McpTool[] {
  const tools = new Map<string, McpTool>()
  for (const { name, title, description = '', inputSchema, outputSchema } of listed) {
    if (tools.size >= MAX_TOOLS) break
    const input = readSchema(inputSchema)
    // Letters, digits and _ - . / only (MCP, "Tool names"): a name goes into lists that people read.
    if (input === undefined || tools.has(name) || name.length > MAX_NAME || !/^[A-Za-z0-9_./-]+$/.test(name)) continue
    const output = readSchema(outputSchema)
    const shown = title === undefined || title.trim() === '' ? name : title.slice(0, MAX_NAME)
    tools.set(name, { name, title: shown, description: description.slice(0, MAX_DESCRIPTION), input, ...(output === undefined ? {} : { output }) })
  }
  return [...tools.values()]
}

function readSchema(schema: unknown): ToolSchema | undefined {
  if (!isObject(schema) || JSON.stringify(schema).length > MAX_SCHEMA) return undefined
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const names = Object.keys(properties)
  const required = Array.isArray(schema['required']) ? schema['required'].filter((name): name is string => typeof name === 'string') : []
  const texts = names.filter((name) => {
    const property = properties[name]
    return isObject(property) && property['type'] === 'string'
  })
  return { json: schema, properties: names, required, texts }
}

function isObject(value: unknown): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
